/** The years of a collection as bars: each year of a short time, each decade of a long one. */

import type { Facet } from "./types";

export interface Bar {
  label: string;
  n: number;
  /** What asks for it; null where there is nothing to find. */
  line: string | null;
}

/** More bars than these cannot be told apart, or hit with a finger. */
const MOST = 40;

/** Return bars in the order of time, with the empty ones between them as long as these are few. */
export function barsOf(years: readonly Facet[]): Bar[] {
  const known = new Map(years.map(({ value, n, line }) => [Number(value), { n, line }]));
  const last = Math.max(...known.keys());
  const first = Math.min(...known.keys());
  const step = last - first < MOST ? 1 : 10;
  const bars = new Map<number, Bar>();
  for (const year of starts(known.keys(), step)) bars.set(year, { label: labelOf(year, step), n: 0, line: null });
  for (const [year, { n, line }] of known) {
    const bar = bars.get(year - (year % step))!;
    bar.n += n;
    bar.line = step === 1 ? line : `year:${bar.label.replace("–", "..")}`;
  }
  return [...bars.values()];
}

function starts(years: Iterable<number>, step: number): number[] {
  const found = [...new Set([...years].map((year) => year - (year % step)))].sort((a, b) => a - b);
  const [first, last] = [found[0], found.at(-1)];
  if (first === undefined || last === undefined || (last - first) / step >= MOST) return found;
  return Array.from({ length: (last - first) / step + 1 }, (_, place) => first + place * step);
}

function labelOf(year: number, step: number): string {
  const written = (value: number): string => String(value).padStart(4, "0");
  return step === 1 ? written(year) : `${written(year)}–${written(year + step - 1)}`;
}
