import { expect, test } from "vitest";

import { compared, hasMissed, modelWords, progressOf, stateWords } from "./generations";
import type { Generation, Hit } from "./types";

const generation = (values: Partial<Generation>): Generation => ({
  space: "picture",
  generation: 2,
  state: "building",
  model: "left",
  version: "1",
  is_installed: true,
  is_chosen: false,
  vectors: 120,
  pictures: 5000,
  stand_ins: 0,
  codes: 120,
  dims: 8,
  n_bytes: 1,
  ...values,
});
const hit = (id: number, copies: Hit[] = []): Hit => ({ id, copies }) as Hit;

test("a generation says what it is and how far", () => {
  expect(modelWords("ViT-B-32")).toBe("the network ViT-B-32");
  expect(modelWords(null)).toBe("colour, texture and shape");
  expect(modelWords("bundled")).toBe("the bundled network");
  expect(progressOf(generation({}))).toBe("120 of 5,000 pictures");
  expect(progressOf(generation({ vectors: 5000 }))).toBe("5,000 pictures");
  expect(stateWords(generation({ state: "serving", is_chosen: true }))).toBe("serves, chosen");
});

test("one that was put aside lacks what came later", () => {
  expect(hasMissed(generation({ state: "retired" }))).toBe(true);
  expect(hasMissed(generation({ state: "retired", vectors: 5000 }))).toBe(false);
  expect(hasMissed(generation({}))).toBe(false);
});

test("what only one answer has is marked, and a near-copy in the other counts", () => {
  const [left, right] = compared([hit(1), hit(2), hit(3, [hit(4)])], [hit(4), hit(1)]);
  expect(left.map(({ isAlone }) => isAlone)).toEqual([false, true, false]);
  expect(right.map(({ isAlone }) => isAlone)).toEqual([false, false]);
  expect(compared([], [hit(1)])[1][0]!.isAlone).toBe(true);
});
