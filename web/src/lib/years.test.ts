import { expect, test } from "vitest";

import type { Facet } from "./types";
import { barsOf } from "./years";

const year = (value: number, n: number): Facet => ({ value: String(value).padStart(4, "0"), n, line: `year:${value}` });

test("no years are no bars", () => {
  expect(barsOf([])).toEqual([]);
});

test("years stand in the order of time, with the empty ones between them", () => {
  expect(barsOf([year(2003, 5), year(2001, 2)])).toEqual([
    { label: "2001", n: 2, line: "year:2001" },
    { label: "2002", n: 0, line: null },
    { label: "2003", n: 5, line: "year:2003" },
  ]);
});

test("a long time is told in decades, which ask for all their years", () => {
  const bars = barsOf([year(1969, 1), year(1971, 2), year(1979, 3), year(2024, 4)]);
  expect(bars.slice(0, 2)).toEqual([
    { label: "1960–1969", n: 1, line: "year:1960..1969" },
    { label: "1970–1979", n: 5, line: "year:1970..1979" },
  ]);
  expect(bars).toHaveLength(7);
});

test("one wrong date does not drown the others in empty bars", () => {
  expect(barsOf([year(1, 1), year(2024, 9)]).map(({ label }) => label)).toEqual(["0000–0009", "2020–2029"]);
});
