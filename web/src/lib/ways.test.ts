import { expect, test } from "vitest";

import { write } from "./query";
import type { Term, Tree } from "./types";
import { outlook } from "./ways";

const boat: Term = { term: "words", text: "boat" };
const image: Term = { term: "image", id: 42 };
const year: Term = { term: "where", date: ["1970-01-01", "1970-12-31"] };
const tree = (...of: Term[]): Tree => ({ version: 1, query: of.length === 1 ? of[0]! : { term: "and", of } });
const found = (...numbers: (number | null)[]): { term: string; found: number | null }[] =>
  numbers.map((n) => ({ term: "", found: n }));

test("the term that finds nothing is named, and leaving it out is the first way", () => {
  const { failed, ways } = outlook(tree(boat, image, year), found(0, null, 12), 0);
  expect(failed).toEqual(["“boat”"]);
  expect(ways[0]!.words).toBe("Search without “boat”");
  expect(write(ways[0]!.question!)).toEqual(tree(image, year));
  expect(ways[1]!.words).toBe("Search without filters");
});

test("what is probably chance is one press away", () => {
  const { failed, ways } = outlook(tree(image), found(null), 1182);
  expect(failed).toEqual([]);
  expect(ways.map(({ words }) => words)).toEqual([
    "Show 1,182 pictures that are probably chance",
    "Look at all pictures",
  ]);
  expect(ways[0]!.question).toBeNull();
});

test("a single word that finds nothing leads to all pictures, once", () => {
  const { ways } = outlook(tree(boat), found(0), 0);
  expect(ways.map(({ words }) => words)).toEqual(["Look at all pictures"]);
});

test("there are never more than two ways, and no two lead to the same question", () => {
  const { ways } = outlook(tree(boat, year), found(3, 0), 7);
  expect(ways).toHaveLength(2);
  expect(new Set(ways.map(({ question }) => JSON.stringify(question))).size).toBe(2);
});
