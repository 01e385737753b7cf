import { expect, test } from "vitest";

import { outcome, progress, title } from "./jobs";
import type { Job } from "./types";

const job = (values: Partial<Job>): Job => ({
  id: 1,
  kind: "add",
  paths: [],
  state: "running",
  done: 0,
  total: 0,
  rate: 0,
  seconds_left: null,
  started_at: "2024-05-01T10:00:00+00:00",
  ended_at: null,
  report: null,
  message: "",
  ...values,
});

const added = (values: object): Job =>
  job({
    state: "done",
    report: {
      ...{ added: 0, changed: 0, unchanged: 0, moved: 0, copied: 0, removed: 0 },
      ...{ skipped: [], n_skipped: 0, offline: [], n_offline: 0 },
      ...values,
    },
  });

test("a title names the first folder and counts the others", () => {
  expect(title(job({ paths: ["/home/ada/sea"] }))).toBe("Reading pictures in sea");
  expect(title(job({ paths: ["/a/sea", "/b", "/c"] }))).toBe("Reading pictures in sea and 2 more");
  expect(title(job({}))).toBe("Looking again at all folders");
  expect(title(job({ kind: "verify" }))).toBe("Checking all that is stored");
  expect(title(job({ kind: "sample" }))).toBe("Drawing sample pictures");
});

test("progress has files, rate and the time left while it runs", () => {
  const running = job({ done: 1203, total: 5000, rate: 96.4, seconds_left: 40 });
  expect(progress(running)).toBe("1,203 of 5,000 files · 96 a second · 40 s left");
  expect(progress({ ...running, rate: 2.34 })).toContain("2.3 a second");
});

test("a paused job tells how far it came, and no time that nobody knows", () => {
  expect(progress(job({ state: "paused", done: 3, total: 9, kind: "verify" }))).toBe("Paused · 3 of 9 pictures");
});

test("before its files are counted a job says that it looks", () => {
  expect(progress(job({}))).toBe("Looking what there is");
});

test("a waiting job says what it waits for", () => {
  expect(progress(job({ state: "waiting" }))).toBe("Waits for the work before it");
  expect(progress(job({ state: "waiting", message: "somebody else writes" }))).toBe("Somebody else writes");
});

test("changed pictures are not counted as added too", () => {
  expect(outcome(added({ added: 12, changed: 3, unchanged: 400, moved: 2 })).words).toBe(
    "9 pictures added, 3 changed; 400 files unchanged, 2 moved.",
  );
});

test("one is one picture, and nothing is said of what did not happen", () => {
  expect(outcome(added({ added: 1 })).words).toBe("1 picture added.");
  expect(outcome(added({ n_offline: 1 })).words).toBe("1 folder offline.");
  expect(outcome(added({})).words).toBe("There was nothing to read.");
});

test("what was skipped is counted whole and listed by reason", () => {
  const skipped = [
    { path: "/a", reason: "it is empty" },
    { path: "/b", reason: "no picture" },
    { path: "/c", reason: "no picture" },
  ];
  const told = outcome(added({ skipped, n_skipped: 431 }));
  expect(told.words).toBe("431 files skipped.");
  expect(told.n_left_out).toBe(431);
  expect(told.reasons).toEqual([
    { reason: "no picture", n: 2, paths: ["/b", "/c"] },
    { reason: "it is empty", n: 1, paths: ["/a"] },
  ]);
});

test("a check that finds something names it, and how much more there is", () => {
  const report = { ok: false, problems: ["row 3 is not what was written"], n_problems: 3 };
  expect(outcome(job({ kind: "verify", state: "done", report })).findings).toEqual([
    "Row 3 is not what was written.",
    "And 2 more.",
  ]);
  const sound = { ok: true, problems: [], n_problems: 0 };
  expect(outcome(job({ kind: "verify", state: "done", report: sound })).words).toBe("All is as it was written.");
});

test("mending says what it made and what it could not", () => {
  const report = {
    described: 1,
    coded: 3,
    thumbnails: 2,
    lost: [{ item: "#7", reason: "no file holds it" }],
    n_lost: 1,
  };
  const told = outcome(job({ kind: "repair", state: "done", report }));
  expect(told.words).toBe("Made again: 1 vector, 3 codes and 2 thumbnails. Not now: 1 picture.");
  expect(told.reasons).toEqual([{ reason: "no file holds it", n: 1, paths: ["#7"] }]);
});

test("describing anew says what was described, how, and what serves now", () => {
  const lost = [{ item: "#7", reason: "no file holds it" }];
  const report = { described: 12, stand_ins: 2, coded: 5, switched: ["picture"], lost, n_lost: 1 };
  const told = outcome(job({ kind: "renew", state: "done", report }));
  expect(told.words).toBe("12 pictures described, 2 of them by the thumbnail, 5 codes made.");
  expect(told.findings).toEqual(["A new generation of picture serves now."]);
  expect(told.reasons).toEqual([{ reason: "no file holds it", n: 1, paths: ["#7"] }]);
  const nothing = { described: 0, stand_ins: 0, coded: 0, switched: [], lost: [], n_lost: 0 };
  expect(outcome(job({ kind: "renew", state: "done", report: nothing })).words).toBe("There was nothing to describe.");
});

test("a failure is the server's sentence, and a stop says what stays", () => {
  expect(outcome(job({ state: "failed", message: "the disk is full" })).words).toBe("The disk is full.");
  expect(outcome(job({ state: "stopped" })).words).toBe("Stopped; what was done stays.");
});

test("a job that was interrupted says so behind its report", () => {
  expect(outcome({ ...added({ added: 2 }), message: "it was interrupted" }).words).toBe(
    "2 pictures added. It was interrupted.",
  );
});

test("a push counts codes, and says of each space what the engine has now", () => {
  expect(title(job({ kind: "push" }))).toBe("Bringing the search engine up to date");
  expect(progress(job({ state: "paused", done: 3, total: 9, kind: "push" }))).toBe("Paused · 3 of 9 codes");
  const space = { space: "picture", written: 2, removed: 1, unchanged: 1203, failed: [], n_failed: 0 };
  const none = { ...space, space: "shape", written: 0, removed: 0, unchanged: 0 };
  const told = outcome(job({ kind: "push", state: "done", report: { spaces: [space, none] } }));
  expect(told.words).toBe("The search engine has all that is here.");
  expect(told.findings).toEqual(["picture: 2 codes written, 1 removed, 1,203 unchanged.", "shape: nothing to write."]);
});

test("what a search engine refused is counted whole, and each reason told once", () => {
  const failed = [3, 4].map((row) => ({ row, reason: "the index is read-only" }));
  const space = { space: "picture", written: 7, removed: 0, unchanged: 0, failed, n_failed: 431 };
  const told = outcome(job({ kind: "push", state: "done", report: { spaces: [space] } }));
  expect(told.words).toBe("The search engine did not take all, so searches go on in what was pushed before.");
  expect(told.findings).toEqual(["picture: 7 codes written, 431 refused.", "The index is read-only."]);
});

test("an audit counts questions, and says of each space what it found", () => {
  expect(progress(job({ state: "paused", done: 3, total: 9, kind: "audit" }))).toBe("Paused · 3 of 9 questions");
  const report = { spaces: [{ space: "picture", verdict: "Every vector is looked at." }] };
  expect(outcome(job({ kind: "audit", state: "done", report })).findings).toEqual([
    "picture: Every vector is looked at.",
  ]);
  expect(outcome(job({ kind: "graph", state: "done", report: { vectors: 1203 } })).words).toBe(
    "The graph holds 1,203 vectors, and answers where there are many.",
  );
});
