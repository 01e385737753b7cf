/** Evidence as people read it. */

import { thumbnailUrl, uploadUrl } from "./client";
import { chance } from "./format";
import type { Evidence } from "./types";

/** How a term of the one-line syntax is shown: by its picture, by its colour, by its words. */
export interface Shown {
  picture?: string;
  colour?: string;
  words: string;
}

/** From here on a coincidence is as rare as one can tell. */
const RAREST = 6;

export function shownTerm(term: string): Shown {
  if (term.startsWith("-")) {
    const shown = shownTerm(term.slice(1));
    return { ...shown, words: `not ${shown.words}` };
  }
  const [, id, handle] = /^(?:image:)?(?:#(\d+)|upload:([\w-]+))/.exec(term) ?? [];
  const part = /\[[\d.,]+\]/.test(term) ? "a part of " : "";
  if (id) return { picture: thumbnailUrl(Number(id), "", "small"), words: `${part}picture ${id}` };
  if (handle) return { picture: uploadUrl(handle), words: `${part}your picture` };
  const [, colour] = /^colour:"?(#[\da-f]{3,6}|\w+)/i.exec(term) ?? [];
  return colour ? { colour, words: colour } : { words: term };
}

/** Return how rare such closeness is, in [0, 1]: 0 for what always happens, 1 for one in a million; null if unknown. */
export function rarity({ chance }: Evidence): number | null {
  if (chance == null) return null;
  return Math.min(1, Math.max(0, -Math.log10(Math.max(chance, Number.MIN_VALUE)) / RAREST));
}

/** Return what was measured as a sentence; it ends without a full stop. */
export function measured(evidence: Evidence): string {
  if (evidence.similarity == null) return "matches";
  const close = `similarity ${evidence.similarity.toFixed(2)}`;
  return evidence.chance == null ? close : `${close}, ${chance(evidence.chance)} are as close by chance`;
}
