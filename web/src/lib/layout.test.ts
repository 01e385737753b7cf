import { describe, expect, test } from "vitest";

import { cellsOf, justify, rowCount, rowHeight, rowOf, rowsWithin, vertical } from "./layout";

const GAP = 6;

function aspects(n: number): number[] {
  let state = 7;
  return Array.from({ length: n }, () => {
    state = (state * 48271) % 2147483647;
    return 0.3 + (state / 2147483647) * 2.7;
  });
}

describe("justified rows", () => {
  test("nothing, and a window of no width, have no rows", () => {
    expect(justify([], 1000, 200, GAP).height).toBe(0);
    expect(rowCount(justify([1, 2], 0, 200, GAP))).toBe(0);
    expect(rowsWithin(justify([], 1000, 200, GAP), 0, 500)).toEqual([0, 0]);
  });

  test("one picture is not stretched over the window", () => {
    const layout = justify([1.5], 1000, 200, GAP);
    expect(layout.height).toBe(200);
    expect(cellsOf(layout, 0)).toEqual([{ index: 0, x: 0, width: 300 }]);
  });

  test("a panorama of 40:1 gets a row as wide as the window in a box that is still to be seen", () => {
    const layout = justify([40, 1, 1], 390, 180, 4);
    const [panorama] = cellsOf(layout, 0);
    expect(panorama!.width).toBeCloseTo(390);
    expect(rowHeight(layout, 0)).toBeCloseTo(78);
  });

  test("a picture without a shape is a square", () => {
    expect(cellsOf(justify([0, NaN], 1000, 200, GAP), 0).map((cell) => cell.width)).toEqual([200, 200]);
  });

  test("each picture stands in exactly one row, in order, and full rows fill the window", () => {
    const layout = justify(aspects(5000), 1234, 220, GAP);
    const rows = Array.from({ length: rowCount(layout) }, (_, row) => cellsOf(layout, row));
    expect(rows.flat().map((cell) => cell.index)).toEqual(Array.from({ length: 5000 }, (_, index) => index));
    for (const cells of rows.slice(0, -1)) expect(cells.at(-1)!.x + cells.at(-1)!.width).toBeCloseTo(1234, 5);
  });

  test("rows are about as high as asked", () => {
    const layout = justify(aspects(5000), 1234, 220, GAP);
    for (let row = 0; row < rowCount(layout) - 1; row++) {
      expect(rowHeight(layout, row)).toBeGreaterThan(130);
      expect(rowHeight(layout, row)).toBeLessThan(370);
    }
  });

  test("a window finds the same rows as looking at each", () => {
    const layout = justify(aspects(700), 800, 200, GAP);
    for (const top of [-50, 0, 1, 333, 5000, layout.height - 1, layout.height + 900]) {
      const [first, last] = rowsWithin(layout, top, top + 600);
      for (let row = 0; row < rowCount(layout); row++) {
        const touches = layout.tops[row + 1]! - GAP > top && layout.tops[row]! < top + 600;
        if (touches) expect(row >= first && row < last).toBe(true);
      }
      expect(last - first).toBeLessThan(12);
    }
  });

  test("up and down go to the picture whose middle is nearest, and stay at the edges", () => {
    const layout = justify([1, 1, 1, 1, 1, 1], 612, 200, GAP);
    expect(rowOf(layout, 4)).toBe(1);
    expect(vertical(layout, 1, 1)).toBe(4);
    expect(vertical(layout, 5, -1)).toBe(2);
    expect(vertical(layout, 0, -1)).toBe(0);
    expect(vertical(layout, 4, 9)).toBe(4);
  });
});
