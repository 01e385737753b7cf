import { expect, test } from "vitest";

import { fieldOf, inWords, isFilter, rgbOf, stepOf } from "./terms";
import type { Term } from "./types";

const image = (id: number, like?: string): Term => ({ term: "image", id, ...(like && { like }) });
const times = (weight: number, of: Term): Term => ({ term: "weighted", weight, of });
const not = (of: Term): Term => ({ term: "not", of });
const words = (text: string): Term => ({ term: "words", text });
const year: Term = { term: "where", date: ["1970-01-01", "1970-12-31"] };

test("any weight is shown as the nearest step", () => {
  expect([0.1, 0.5, 0.8, 1, 1.4, 2, 100].map((weight) => stepOf(weight).weight)).toEqual([0.5, 0.5, 1, 1, 1, 2, 2]);
});

test.each<[Term, string]>([
  [year, "1970"],
  [{ term: "where", date: ["1970-05-01", null] }, "from 1970-05-01"],
  [{ term: "where", date: [null, "1979-12-31"] }, "up to 1979"],
  [{ term: "where", camera: "Leica" }, "camera Leica"],
  [{ term: "or", of: [image(1), { term: "colour", rgb: "#fff" }] }, "picture 1 or colour #fff"],
  [
    { term: "or", of: [{ term: "and", of: [image(1), words("red")] }, words("boat")] },
    "(picture 1 and “red”) or “boat”",
  ],
  [{ term: "words", text: "boat", only: "text" }, "“boat” in names"],
  [{ term: "words", text: "boat", only: "look" }, "“boat” in pictures"],
  [times(2, not(image(3, "sift"))), "not picture 3 in sift (a lot)"],
])("%j reads as a person would say it", (term, expected) => {
  expect(inWords(term)).toBe(expected);
});

test("a filter knows its field, and one about several has none", () => {
  expect(fieldOf(not({ term: "or", of: [year, year] }))).toBe("date");
  expect(fieldOf({ term: "or", of: [year, { term: "where", camera: "Leica" }] })).toBeNull();
});

test("a line is a colour only if it asks for nothing else", () => {
  expect(["colour:#b03020", "color:red", "red", "colour:red boat"].map(rgbOf)).toEqual(["#b03020", "red", null, null]);
});

test("a group is a filter only if all in it are", () => {
  expect(isFilter({ term: "or", of: [year, not(year)] })).toBe(true);
  expect(isFilter({ term: "or", of: [year, image(1)] })).toBe(false);
  expect(isFilter(image(1))).toBe(false);
});
