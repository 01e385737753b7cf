import { expect, test } from "vitest";

import { byColour, colourKey } from "./hues";
import { Tiles } from "./tiles";

const plain = (digits: string): string => digits.repeat(4);

test("hues go round from red over green to blue, and greys come last, the light ones first", () => {
  const colours = ["888", "00f", "0f0", "fff", "f00", "ff0", "111"];
  const tiles = new Tiles(
    colours.map((_, id) => id),
    colours.map(() => 1),
    "",
    colours.map(plain).join(""),
  );
  const order = Array.from(byColour(tiles), (place) => colours[place]);
  expect(order).toEqual(["f00", "ff0", "0f0", "00f", "fff", "888", "111"]);
});

test("within a hue the light comes before the dark, and equals keep their order", () => {
  expect(colourKey(["#f99"])).toBeLessThan(colourKey(["#900"]));
  const tiles = new Tiles([5, 3], [1, 1], "", plain("abc").repeat(2));
  expect([...byColour(tiles)]).toEqual([0, 1]);
});

test("slightly bluish reds are still red", () => {
  expect(Math.floor(colourKey(["#f01"]))).toBe(Math.floor(colourKey(["#f00"])));
});
