import { expect, test } from "vitest";

import { crumbs, isLookedAfter } from "./folders";

const root = (path: string, is_whole = true) => ({ path, is_whole, is_online: true, files: 1 });

test("a folder below a whole one is looked after, a namesake beside it is not", () => {
  expect(isLookedAfter("/home/ada/sea", [root("/home/ada")])).toBe(true);
  expect(isLookedAfter("/home/adam", [root("/home/ada")])).toBe(false);
  expect(isLookedAfter("/home/ada/sea", [root("/")])).toBe(true);
});

test("single files of a folder do not make it looked after", () => {
  expect(isLookedAfter("/home/ada", [root("/home/ada", false)])).toBe(false);
});

test("crumbs lead from the allowed folder down", () => {
  expect(crumbs("/srv/photos/2024/sea", ["/mnt", "/srv/photos"])).toEqual([
    { name: "photos", path: "/srv/photos" },
    { name: "2024", path: "/srv/photos/2024" },
    { name: "sea", path: "/srv/photos/2024/sea" },
  ]);
});

test("crumbs may start at the very top, and there are none outside of what is allowed", () => {
  expect(crumbs("/srv", ["/"])).toEqual([
    { name: "/", path: "/" },
    { name: "srv", path: "/srv" },
  ]);
  expect(crumbs("/etc", ["/srv"])).toEqual([]);
});
