import { describe, expect, test } from "vitest";

import {
  fitted,
  isZoomed,
  middlePart,
  moved,
  nudged,
  partBetween,
  pixelAt,
  wantsOriginal,
  zoomed,
  type Box,
} from "./zoom";

const STAGE = { width: 1000, height: 600 };
const PHOTO = { width: 4000, height: 3000 };
const PANORAMA = { width: 20_000, height: 2000 };

describe("a picture in its stage", () => {
  test("fits whole, in the middle", () => {
    expect(fitted(PHOTO, STAGE)).toEqual({ x: 100, y: 0, scale: 0.2 });
    expect(fitted(PANORAMA, STAGE)).toEqual({ x: 0, y: 250, scale: 0.05 });
  });

  test("is not blown up beyond twice its pixels", () => {
    expect(fitted({ width: 32, height: 16 }, STAGE)).toEqual({ x: 468, y: 284, scale: 2 });
  });

  test("zooms around the point under the hand, and back to where it was", () => {
    const start = fitted(PHOTO, STAGE);
    const at = { x: 400, y: 200 };
    const near = zoomed(start, 5, at, PHOTO, STAGE);
    expect(near.scale).toBeCloseTo(1);
    expect(pixelAt(at, near)).toEqual(pixelAt(at, start));
    expect(zoomed(near, 0.01, { x: 0, y: 0 }, PHOTO, STAGE)).toEqual(start);
  });

  test("20,000 pixels can be seen one by one, from end to end", () => {
    let view = zoomed(fitted(PANORAMA, STAGE), 1000, { x: 0, y: 300 }, PANORAMA, STAGE);
    expect(view.scale).toBe(4);
    expect(pixelAt({ x: 0, y: 0 }, view).x).toBeCloseTo(0);
    view = moved(view, { x: -1e9, y: 0 }, PANORAMA, STAGE);
    expect(pixelAt({ x: STAGE.width, y: 0 }, view).x).toBeCloseTo(20_000);
  });

  test("leaves no gap at an edge, and a side that fits stays in the middle", () => {
    const view = moved(
      zoomed(fitted(PANORAMA, STAGE), 2, { x: 500, y: 300 }, PANORAMA, STAGE),
      { x: 1e6, y: 1e6 },
      PANORAMA,
      STAGE,
    );
    expect(view).toEqual({ x: 0, y: 200, scale: 0.1 });
  });

  test("is zoomed only beyond fitting", () => {
    const start = fitted(PHOTO, STAGE);
    expect(isZoomed(start, PHOTO, STAGE)).toBe(false);
    expect(isZoomed(zoomed(start, 1.1, { x: 0, y: 0 }, PHOTO, STAGE), PHOTO, STAGE)).toBe(true);
  });
});

describe("the original", () => {
  test("is asked for where the large thumbnail is too coarse", () => {
    const view = fitted(PHOTO, STAGE);
    expect(wantsOriginal(view, PHOTO, "JPEG", 1)).toBe(false);
    expect(wantsOriginal(view, PHOTO, "JPEG", 3)).toBe(true);
    expect(wantsOriginal({ ...view, scale: 1 }, PHOTO, "JPEG", 1)).toBe(true);
  });

  test("stays away if browsers do not show it, or if it is huge", () => {
    const near = { x: 0, y: 0, scale: 1 };
    expect(wantsOriginal(near, PHOTO, "TIFF", 1)).toBe(false);
    expect(wantsOriginal(near, { width: 20_000, height: 9000 }, "JPEG", 1)).toBe(false);
  });
});

describe("a part of the picture", () => {
  test("is what lies between two corners in any order, in pixels of the original", () => {
    const view = { x: 100, y: 0, scale: 0.2 };
    const [one, other] = [pixelAt({ x: 300, y: 100 }, view), pixelAt({ x: 200, y: 50 }, view)];
    expect(partBetween(one, other, PHOTO)).toEqual([500, 250, 1000, 500]);
  });

  test("ends at the picture's edges", () => {
    expect(partBetween({ x: -50, y: -1 }, { x: 9999, y: 3000.4 }, PHOTO)).toEqual([0, 0, 4000, 3000]);
  });

  test("is never too small to search with, not even in a corner", () => {
    expect(partBetween({ x: 4000, y: 3000 }, { x: 4000, y: 3000 }, PHOTO)).toEqual([3984, 2984, 4000, 3000]);
    expect(partBetween({ x: 3, y: 3 }, { x: 3, y: 3 }, { width: 5, height: 5 })).toEqual([0, 0, 5, 5]);
  });

  test("begins in the middle of what is seen", () => {
    expect(middlePart({ x: 0, y: 0, scale: 1 }, PHOTO, STAGE)).toEqual([300, 180, 700, 420]);
    expect(middlePart(fitted(PANORAMA, STAGE), PANORAMA, STAGE)).toEqual([6000, 600, 14_000, 1400]);
  });

  test("moves and grows by keys, and stays inside", () => {
    const part: Box = [0, 0, 400, 300];
    expect(nudged(part, { x: 1, y: 0 }, PHOTO, false)).toEqual([80, 0, 480, 300]);
    expect(nudged(part, { x: -1, y: -1 }, PHOTO, false)).toEqual(part);
    expect(nudged(part, { x: 0, y: 1 }, PHOTO, true)).toEqual([0, 0, 400, 360]);
    expect(nudged(part, { x: -99, y: 0 }, PHOTO, true)).toEqual([0, 0, 16, 300]);
    expect(nudged([3600, 0, 4000, 300], { x: 1, y: 0 }, PHOTO, false)).toEqual([3600, 0, 4000, 300]);
  });
});
