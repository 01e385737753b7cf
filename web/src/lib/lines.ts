/** Single terms in the one-line syntax, for links to the search for them. */

import { searchUrl } from "./router.svelte";
import type { Box } from "./zoom";

type Field = "album" | "camera" | "date" | "folder" | "format" | "place";

/** Return the address of the search for a value; null if no address can hold it, such as a name that is not UTF-8. */
export function fieldUrl(field: Field, value: string): string | null {
  return value.isWellFormed() ? searchUrl(`${field}:${quoted(value)}`) : null;
}

export function phraseUrl(phrase: string): string | null {
  return phrase.isWellFormed() ? searchUrl(quoted(phrase)) : null;
}

/** Return the address of the search for what looks like a picture, or like a part of it, in one way or the best. */
export function likeUrl(id: number, { part, space }: { part?: Box; space?: string } = {}): string {
  return searchUrl(`#${id}${part ? `[${part.join(",")}]` : ""}${space ? `@${space}` : ""}`);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
