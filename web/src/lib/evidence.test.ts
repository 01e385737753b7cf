import { expect, test } from "vitest";

import { measured, rarity, shownTerm } from "./evidence";

test("a picture, an upload, a colour and words are each shown as what they are", () => {
  expect(shownTerm("#42")).toMatchObject({ picture: "/v1/items/42/thumbnail/small", words: "picture 42" });
  expect(shownTerm("#42[1,2,3,4]@shape").words).toBe("a part of picture 42");
  expect(shownTerm("-#42@shape")).toMatchObject({ picture: "/v1/items/42/thumbnail/small", words: "not picture 42" });
  expect(shownTerm("upload:a-B_9").words).toBe("your picture");
  expect(shownTerm("colour:#b03020")).toEqual({ colour: "#b03020", words: "#b03020" });
  expect(shownTerm('red "old boat"')).toEqual({ words: 'red "old boat"' });
});

test("the rarer the closeness, the longer its bar, up to one in a million", () => {
  const bars = [1, 0.1, 1e-3, 1e-6, 1e-40, 0].map((chance) => rarity({ term: "#1", space: "colour", chance }));
  expect(bars[0]).toBe(0);
  expect(bars.slice(1)).toEqual([1 / 6, 0.5, 1, 1, 1]);
  expect(rarity({ term: "year:1970", space: "metadata" })).toBeNull();
});

test("what was measured reads as a sentence", () => {
  expect(measured({ term: "#1", space: "shape", similarity: 0.8312, chance: 1 / 12_000 })).toBe(
    "similarity 0.83, 1 in 12,000 are as close by chance",
  );
  expect(measured({ term: "year:1970", space: "metadata" })).toBe("matches");
});
