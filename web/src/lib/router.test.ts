import { expect, test } from "vitest";

import { pageOf, pictureOf, searchUrl } from "./router.svelte";

test.each([
  ["/", { name: "home", by: "time" }],
  ["/?by=colour", { name: "home", by: "colour" }],
  ["/search?q=red%20boat&all=1", { name: "search", q: "red boat", all: true, compare: null }],
  ["/search?q=boat&compare=2", { name: "search", q: "boat", all: false, compare: 2 }],
  ["/search?q=boat&compare=x", { name: "search", q: "boat", all: false, compare: null }],
  ["/albums", { name: "albums" }],
  ["/albums/7", { name: "album", id: 7 }],
  ["/care", { name: "care" }],
  ["/picture/42", { name: "home", by: "time" }],
  ["/albums/x", { name: "missing" }],
  ["/nowhere", { name: "missing" }],
  ["/care/7", { name: "missing" }],
])("%s is a place", (address, page) => {
  expect(pageOf(address)).toEqual(page);
});

test("a picture lies over the page below it", () => {
  expect(pictureOf("/picture/42?x=1")).toBe(42);
  expect(pictureOf("/picture/x")).toBeNull();
  expect(pictureOf("/search?q=/picture/42")).toBeNull();
});

test.each([
  ["/login?back=%2Fcare", "/care"],
  ["/login?back=https%3A%2F%2Fevil.example", "/"],
  ["/login?back=%2F%2Fevil.example", "/"],
  ["/login?back=%2F%5Cevil.example", "/"],
  ["/login?back=javascript%3Aalert(1)", "/"],
  ["/login", "/"],
])("%s leads back to a path of this page alone", (address, back) => {
  expect(pageOf(address)).toEqual({ name: "login", back });
});

test("a search for nothing is the collection itself", () => {
  expect(searchUrl("  ")).toBe("/");
  const search = { name: "search", q: 'a & "b" #42', all: true };
  expect(pageOf(searchUrl(search.q, true))).toEqual({ ...search, compare: null });
  expect(pageOf(searchUrl(search.q, true, 3))).toEqual({ ...search, compare: 3 });
});
