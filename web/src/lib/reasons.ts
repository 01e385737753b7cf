/** Files that are not indexed, by reason. */

import type { Reason } from "./types";

/** Return what was skipped by reason, the most frequent first. */
export function grouped(skipped: readonly { path: string; reason: string }[]): Reason[] {
  const reasons = new Map<string, Reason>();
  for (const { path, reason } of skipped) {
    const known = reasons.get(reason) ?? { reason, n: 0, paths: [] };
    reasons.set(reason, { reason, n: known.n + 1, paths: [...known.paths, path] });
  }
  return [...reasons.values()].sort((a, b) => b.n - a.n);
}
