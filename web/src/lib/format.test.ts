import { expect, test } from "vitest";

import { bytes, chance, count, duration, nameOf, took } from "./format";

test("counts have thousands and the right noun", () => {
  expect([count(1182, "picture"), count(1, "picture"), count(0, "picture"), count(3, "copy", "copies")]).toEqual([
    "1,182 pictures",
    "1 picture",
    "0 pictures",
    "3 copies",
  ]);
});

test("times have a unit that fits", () => {
  expect([0.0002, 0.043, 1.24].map(took)).toEqual(["1 ms", "43 ms", "1.2 s"]);
  expect([0.2, 59, 61, 3600, 7800].map(duration)).toEqual(["1 s", "59 s", "1 min", "1 h", "2 h 10 min"]);
});

test("bytes have a unit that fits", () => {
  expect([0, 999, 1000, 340_000, 1_234_567, 5e13].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "340 kB",
    "1.2 MB",
    "50 TB",
  ]);
});

test("chance is told as one in how many", () => {
  expect([0.002379, 1e-9].map(chance)).toEqual(["1 in 420", "fewer than 1 in 1,000,000"]);
});

test("a path's name is its last part, with either slash", () => {
  expect(["/a/b.jpg", "C:\\a\\b.jpg", "b.jpg"].map(nameOf)).toEqual(["b.jpg", "b.jpg", "b.jpg"]);
});
