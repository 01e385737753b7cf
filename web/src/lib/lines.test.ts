import { expect, test } from "vitest";

import { fieldUrl, likeUrl, phraseUrl } from "./lines";

const lineOf = (url: string | null): string | null => url && new URL(url, "http://page").searchParams.get("q");

test("a value is quoted, so that nothing in it is taken for syntax", () => {
  expect(lineOf(fieldUrl("camera", "Leica M6"))).toBe('camera:"Leica M6"');
  expect(lineOf(fieldUrl("album", 'the "best" \\ rest'))).toBe('album:"the \\"best\\" \\\\ rest"');
  expect(lineOf(phraseUrl("-5"))).toBe('"-5"');
});

test("a name that is not UTF-8 has no address", () => {
  expect(fieldUrl("folder", "/pictures/caf\udce9")).toBeNull();
});

test("a part and a way to look belong to the picture", () => {
  expect(lineOf(likeUrl(42))).toBe("#42");
  expect(lineOf(likeUrl(42, { part: [1, 2, 30, 40] }))).toBe("#42[1,2,30,40]");
  expect(lineOf(likeUrl(42, { space: "shape" }))).toBe("#42@shape");
});
