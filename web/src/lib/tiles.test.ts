import { expect, test } from "vitest";

import { cornersOf, Tiles } from "./tiles";
import type { Hit } from "./types";

function hit(id: number, copies: Hit[] = []): Hit {
  const sha256 = String(id).repeat(64).slice(0, 64);
  return {
    ...{ rank: id, id, path: null, score: 0.5, width: 300, height: 200, offline: false },
    ...{ sha256, colours: "123456789abc", evidence: [], copies },
  };
}

test("columns and hits are read alike", () => {
  const tiles = Tiles.ofHits([hit(4), hit(7)]);
  expect(tiles.aspects).toEqual([1.5, 1.5]);
  expect(tiles.key(1)).toBe("77777777");
  expect(tiles.corners(1)).toEqual(["#123", "#456", "#789", "#abc"]);
  expect([tiles.indexOf(7), tiles.indexOf(1)]).toEqual([1, -1]);
});

test("what is unknown is black and not an error", () => {
  expect(cornersOf("")).toEqual(["#000", "#000", "#000", "#000"]);
});

test("portions follow each other in all columns", () => {
  const both = Tiles.ofHits([hit(1)]).append(Tiles.ofHits([hit(2)]));
  expect([both.ids, both.key(1), both.hit(1)?.id]).toEqual([[1, 2], "22222222", 2]);
});

test("another order moves all columns alike", () => {
  const turned = Tiles.ofHits([hit(1), hit(2)]).arranged([1, 0]);
  expect([turned.ids, turned.key(0), turned.hit(0)?.id]).toEqual([[2, 1], "22222222", 2]);
});

test("an opened stack shows its copies after its hit, marked as copies", () => {
  const tiles = Tiles.ofHits([hit(1, [hit(8), hit(9)]), hit(2)]);
  const opened = tiles.withCopiesOf(new Set([1]));
  expect(opened.ids).toEqual([1, 8, 9, 2]);
  expect([0, 1, 2, 3].map((place) => opened.isCopy(place))).toEqual([false, true, true, false]);
  expect(tiles.withCopiesOf(new Set()).ids).toEqual([1, 2]);
});
