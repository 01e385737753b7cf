/** Generations of a space in words, and two answers side by side. */

import { count } from "./format";
import type { Generation, Hit } from "./types";

/** Return what describes pictures: `the network ViT-B-32`. */
export function modelWords(model: string | null | undefined): string {
  if (model === "bundled") return "the bundled network";
  if (!model || model === "classics") return "colour, texture and shape";
  return `the network ${model}`;
}

export function stateWords({ state, is_chosen }: Generation): string {
  if (state === "building") return "being built";
  if (state === "retired") return "kept to go back to";
  return is_chosen ? "serves, chosen" : "serves";
}

/** Return how far a generation is: `120 of 5,000 pictures`. */
export function progressOf({ vectors, pictures }: Generation): string {
  return vectors < pictures ? `${count(vectors)} of ${count(pictures, "picture")}` : count(vectors, "picture");
}

/** Whether pictures came after the generation was put aside. */
export function hasMissed({ state, vectors, pictures }: Generation): boolean {
  return state === "retired" && vectors < pictures;
}

export interface Compared {
  hit: Hit;
  /** Whether the other answer lacks it. */
  isAlone: boolean;
}

/** Return each of two answers with what only it has marked; copies of a hit count as the hit. */
export function compared(left: readonly Hit[], right: readonly Hit[]): [Compared[], Compared[]] {
  const ids = (hits: readonly Hit[]): Set<number> =>
    new Set(hits.flatMap((hit) => [hit.id, ...hit.copies.map((copy) => copy.id)]));
  const marked = (hits: readonly Hit[], others: Set<number>): Compared[] =>
    hits.map((hit) => ({ hit, isAlone: ![hit, ...hit.copies].some(({ id }) => others.has(id)) }));
  return [marked(left, ids(right)), marked(right, ids(left))];
}
