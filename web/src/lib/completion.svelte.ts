/** How what somebody types may go on: at most eight entries, asked for when the typing rests. */

import { api } from "./client";
import type { Entry } from "./types";

const REST = 120;
const MOST = 8;

export class Completion {
  entries = $state.raw<Entry[]>([]);
  /** The entry that is pointed at, or -1. */
  chosen = $state(-1);
  #latest = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The entries by group; each group's come together. */
  get groups(): [string, { entry: Entry; place: number }[]][] {
    const placed = this.entries.map((entry, place) => ({ entry, place }));
    return [...Map.groupBy(placed, ({ entry }) => entry.group)];
  }

  get entry(): Entry | null {
    return this.entries[this.chosen] ?? null;
  }

  type(text: string): void {
    clearTimeout(this.#timer);
    this.chosen = -1;
    if (!text.trim()) return this.close();
    this.#timer = setTimeout(() => void this.#fetch(text), REST);
  }

  /** Point at the next entry or the one before; past the ends nothing is pointed at. */
  step(by: number): void {
    const n = this.entries.length + 1;
    this.chosen = ((this.chosen + 1 + by + n) % n) - 1;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#latest.abort();
    this.entries = [];
    this.chosen = -1;
  }

  /** Entries are a courtesy: where they fail, typing goes on without. */
  async #fetch(text: string): Promise<void> {
    this.#latest.abort();
    this.#latest = new AbortController();
    const { signal } = this.#latest;
    const { entries } = await api.complete(text.slice(0, 200), MOST, signal).catch(() => ({ entries: [] }));
    if (signal.aborted) return;
    this.entries = entries;
    this.chosen = -1;
  }
}
