import { expect, test } from "vitest";

import { marked } from "./marks";

const shown = (text: string, term: string): string =>
  marked(text, term)
    .map((piece) => (piece.isMatch ? `[${piece.text}]` : piece.text))
    .join("");

test("the words of a term are marked wherever they stand, in any case", () => {
  expect(shown("name: Red-boat.jpg; title: a RED sunset", '"red boat"')).toBe(
    "name: [Red]-[boat].jpg; title: a [RED] sunset",
  );
});

test("a longer word wins over its beginning", () => {
  expect(shown("sunset", "sun sunset")).toBe("[sunset]");
});

test("signs of a term are no pattern, and a term of signs alone marks nothing", () => {
  expect(shown("a (b) c.d", "(b) c.d")).toBe("a ([b]) [c].[d]");
  expect(shown("?!", "?!")).toBe("?!");
});

test("words in other scripts are found", () => {
  expect(shown("keywords: مدينة قديمة", "مدينة")).toBe("keywords: [مدينة] قديمة");
});
