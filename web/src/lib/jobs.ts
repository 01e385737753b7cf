/** Long work in words: what it is, how far it is, and what came of it. */

import { asSentence, count, duration, nameOf } from "./format";
import { grouped } from "./reasons";
import type { Job, Reason } from "./types";

export type Kind = "add" | "audit" | "graph" | "push" | "renew" | "repair" | "sample" | "verify";

export interface Outcome {
  words: string;
  /** Sentences that stand alone. */
  findings: string[];
  /** What was left out, by reason; of a long list its beginning. */
  reasons: Reason[];
  n_left_out: number;
}

interface AddReport {
  added: number;
  changed: number;
  unchanged: number;
  moved: number;
  copied: number;
  removed: number;
  skipped: { path: string; reason: string }[];
  offline: string[];
  /** The lists above are only beginnings. */
  n_skipped: number;
  n_offline: number;
}

interface SampleReport extends AddReport {
  folder: string;
}

interface VerifyReport {
  problems: string[];
  n_problems: number;
}

interface AuditReport {
  spaces: { space: string; verdict: string }[];
}

interface PushReport {
  spaces: {
    space: string;
    written: number;
    removed: number;
    unchanged: number;
    failed: { row: number; reason: string }[];
    /** The list above is only a beginning. */
    n_failed: number;
  }[];
}

interface RenewReport {
  described: number;
  stand_ins: number;
  coded: number;
  switched: string[];
  lost: { item: string; reason: string }[];
  n_lost: number;
}

interface RepairReport {
  described: number;
  coded: number;
  thumbnails: number;
  lost: { item: string; reason: string }[];
  n_lost: number;
}

/** Return what a job does: `Reading pictures in holidays and 2 more`. */
export function title({ kind, paths }: Job): string {
  if (kind === "verify") return "Checking all that is stored";
  if (kind === "repair") return "Mending what is damaged";
  if (kind === "audit") return "Measuring what searches miss";
  if (kind === "graph") return "Building the graph of pictures";
  if (kind === "push") return "Bringing the search engine up to date";
  if (kind === "renew") return "Describing pictures anew";
  if (kind === "sample") return "Drawing sample pictures";
  const [first, ...others] = paths;
  if (first === undefined) return "Looking again at all folders";
  return `Reading pictures in ${nameOf(first)}${others.length ? ` and ${count(others.length)} more` : ""}`;
}

/** What is counted, where it is not pictures. */
const NOUNS: Partial<Record<Kind, string>> = { add: "file", audit: "question", graph: "vector", push: "code" };

/** Return how far a job is: `1,203 of 5,000 files · 96 a second · 40 s left`. */
export function progress(job: Job): string {
  const noun = NOUNS[job.kind as Kind] ?? "picture";
  const isRunning = job.state === "running";
  const parts = [job.message];
  if (job.state === "waiting" && !job.message) parts.push("waits for the work before it");
  if (job.state === "paused") parts.push("paused");
  if (job.total) parts.push(`${count(job.done)} of ${count(job.total, noun)}`);
  else if (isRunning) parts.push("looking what there is");
  if (isRunning && job.rate) parts.push(`${job.rate < 10 ? job.rate.toFixed(1) : count(job.rate)} a second`);
  if (isRunning && job.seconds_left !== null) parts.push(`${duration(job.seconds_left)} left`);
  const words = parts.filter(Boolean).join(" · ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** Return what came of a job that has ended. */
export function outcome({ kind, state, message, report }: Job): Outcome {
  if (state === "stopped") return plain("Stopped; what was done stays.");
  if (state === "failed" || report === null) return plain(asSentence(message));
  const told = KINDS[kind as Kind](report);
  return message ? { ...told, words: `${told.words} ${asSentence(message)}` } : told;
}

const KINDS: Record<Kind, (report: Record<string, unknown>) => Outcome> = {
  add: (report) => ofAdd(report as unknown as AddReport),
  audit: (report) => ofAudit(report as unknown as AuditReport),
  graph: ({ vectors }) =>
    plain(`The graph holds ${count(vectors as number, "vector")}, and answers where there are many.`),
  push: (report) => ofPush(report as unknown as PushReport),
  verify: (report) => ofVerify(report as unknown as VerifyReport),
  renew: (report) => ofRenew(report as unknown as RenewReport),
  repair: (report) => ofRepair(report as unknown as RepairReport),
  sample: (report) => ofSample(report as unknown as SampleReport),
};

function ofAdd(report: AddReport): Outcome {
  const pictures = joined("picture", [
    [report.added - report.changed, "added"],
    [report.changed, "changed"],
  ]);
  const files = joined("file", [
    [report.unchanged, "unchanged"],
    [report.moved, "moved"],
    [report.copied, "copied"],
    [report.removed, "gone"],
    [report.n_skipped, "skipped"],
  ]);
  const folders = joined("folder", [[report.n_offline, "offline"]]);
  const words = [pictures, files, folders].filter(Boolean).join("; ");
  return {
    ...plain(words ? `${words}.` : "There was nothing to read."),
    reasons: grouped(report.skipped),
    n_left_out: report.n_skipped,
  };
}

function ofSample(report: SampleReport): Outcome {
  return { ...ofAdd(report), findings: [`The pictures are in ${report.folder}.`] };
}

function ofVerify({ problems, n_problems }: VerifyReport): Outcome {
  if (!n_problems) return plain("All is as it was written.");
  const more = n_problems > problems.length ? [`And ${count(n_problems - problems.length)} more.`] : [];
  return {
    ...plain(`${count(n_problems, "problem")}; mending makes again what can be made from the originals.`),
    findings: [...problems.map(asSentence), ...more],
  };
}

function ofAudit({ spaces }: AuditReport): Outcome {
  return {
    ...plain("Measured against exact search."),
    findings: spaces.map((each) => `${each.space}: ${each.verdict}`),
  };
}

function ofPush({ spaces }: PushReport): Outcome {
  const isWhole = spaces.every(({ n_failed }) => !n_failed);
  const numbers = spaces.map(({ space, written, removed, unchanged, n_failed }) => {
    const codes = joined("code", [
      [written, "written"],
      [removed, "removed"],
      [unchanged, "unchanged"],
      [n_failed, "refused"],
    ]);
    return `${space}: ${codes || "nothing to write"}.`;
  });
  const reasons = new Set(spaces.flatMap(({ failed }) => failed.map(({ reason }) => asSentence(reason))));
  return {
    ...plain(
      isWhole
        ? "The search engine has all that is here."
        : "The search engine did not take all, so searches go on in what was pushed before.",
    ),
    findings: [...numbers, ...reasons],
  };
}

function ofRenew({ described, stand_ins, coded, switched, lost, n_lost }: RenewReport): Outcome {
  const parts = [
    described && `${count(described, "picture")} described`,
    stand_ins && `${count(stand_ins)} of them by the thumbnail`,
    coded && `${count(coded, "code")} made`,
  ];
  const words = parts.filter(Boolean).join(", ");
  return {
    ...plain(words ? `${words}.` : "There was nothing to describe."),
    findings: switched.map((space) => `A new generation of ${space} serves now.`),
    reasons: grouped(lost.map(({ item, reason }) => ({ path: item, reason }))),
    n_left_out: n_lost,
  };
}

function ofRepair({ described, coded = 0, thumbnails, lost, n_lost }: RepairReport): Outcome {
  const made = described || coded || thumbnails;
  const words = made
    ? `Made again: ${count(described, "vector")}, ${count(coded, "code")} and ${count(thumbnails, "thumbnail")}.`
    : "There was nothing to make again.";
  return {
    ...plain(n_lost ? `${words} Not now: ${count(n_lost, "picture")}.` : words),
    reasons: grouped(lost.map(({ item, reason }) => ({ path: item, reason }))),
    n_left_out: n_lost,
  };
}

function plain(words: string): Outcome {
  return { words, findings: [], reasons: [], n_left_out: 0 };
}

/** The first part names what is counted: `9 files moved, 3 gone`. */
function joined(noun: string, parts: [number, string][]): string {
  return parts
    .filter(([n]) => n > 0)
    .map(([n, verb], place) => `${place ? count(n) : count(n, noun)} ${verb}`)
    .join(", ");
}
