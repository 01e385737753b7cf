/** Terms of a query as the server writes them: what they are about, and how a person would say them. */

import type { PictureTerm, Term } from "./types";

/** How much a term counts, in three steps. */
export const STEPS = [
  { weight: 0.5, words: "a little" },
  { weight: 1, words: "normal" },
  { weight: 2, words: "a lot" },
] as const;

/** The step a weight is nearest to. */
export function stepOf(weight: number): (typeof STEPS)[number] {
  if (weight < 0.75) return STEPS[0];
  return weight < 1.5 ? STEPS[1] : STEPS[2];
}

/** The terms in a term. */
export function parts(term: Term): Term[] {
  if (term.term === "and" || term.term === "or") return (term as { of: Term[] }).of;
  return term.term === "not" || term.term === "weighted" ? [(term as { of: Term }).of] : [];
}

/** Whether a term holds or does not, all through. */
export function isFilter(term: Term): boolean {
  if (term.term === "where") return true;
  return term.term !== "weighted" && parts(term).length > 0 && parts(term).every(isFilter);
}

/** The name of the field that a filter is about, or null if it is about several. */
export function fieldOf(filter: Term): string | null {
  if (filter.term === "where") return Object.keys(filter).find((key) => key !== "term") ?? null;
  const [field = null, ...others] = new Set(parts(filter).map(fieldOf));
  return others.length > 0 ? null : field;
}

/** The colour of a line that asks for one as digits or by a CSS name, for a swatch; null for any other line. */
export function rgbOf(line: string): string | null {
  return /^colou?r:"?([#\w]+)"?$/.exec(line)?.[1] ?? null;
}

/** Where words are looked for alone. */
const PLACES: Record<string, string> = { text: " in names", look: " in pictures" };

/** Return a term in words, for chips. */
export function inWords(term: Term): string {
  switch (term.term) {
    case "and":
    case "or":
      return parts(term).map(grouped).join(` ${term.term} `);
    case "not":
      return `not ${parts(term).map(grouped).join()}`;
    case "weighted":
      return `${parts(term).map(grouped).join()} (${stepOf((term as { weight: number }).weight).words})`;
    case "image":
      return `${pictureInWords(term as PictureTerm)}${term.like ? ` in ${String(term.like)}` : ""}`;
    case "colour":
      return `colour ${String(term.rgb)}`;
    case "words":
      return `“${String(term.text)}”${term.only ? PLACES[String(term.only)] : ""}`;
    case "where":
      return whereInWords(term);
  }
}

/** Return a picture in words, without the space it is compared in. */
export function pictureInWords({ id, box }: Pick<PictureTerm, "id" | "box">): string {
  const name = id === undefined ? "your picture" : `picture ${id}`;
  return box ? `a part of ${name}` : name;
}

function grouped(term: Term): string {
  return term.term === "and" || term.term === "or" ? `(${inWords(term)})` : inWords(term);
}

function whereInWords(term: Term): string {
  const field = fieldOf(term)!;
  const value = (term as Record<string, unknown>)[field];
  const range = Array.isArray(value) ? rangeInWords(value[0], value[1]) : String(value);
  return field === "date" ? range : `${field} ${range}`;
}

function rangeInWords(low: unknown, high: unknown): string {
  const [from, to] = asYears(low, high);
  if (from === to) return String(from);
  if (to === null) return `from ${String(from)}`;
  return from === null ? `up to ${String(to)}` : `${String(from)} to ${String(to)}`;
}

/** Shorten the first and the last day of years to the years. */
function asYears(low: unknown, high: unknown): [unknown, unknown] {
  const from = typeof low === "string" ? low.replace(/^(\d{4})-01-01$/, "$1") : low;
  const to = typeof high === "string" ? high.replace(/^(\d{4})-12-31$/, "$1") : high;
  const areYears = [from, to].every((end) => end === null || /^\d{4}$/.test(String(end)));
  return areYears ? [from, to] : [low, high];
}
