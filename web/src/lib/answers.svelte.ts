/** The answer to the page's question: in portions as one scrolls, kept while the next one comes. */

import { api, isAborted, Problem, sentence } from "./client";
import type { Answer, Found, Hit } from "./types";

const PORTION = 200;
const KEPT = 8;

export interface Result {
  /** Without its hits after the first portion: what the server says of the whole. */
  answer: Answer;
  hits: readonly Hit[];
  /** How many places of the ranking have been asked for. */
  end: number;
  hasAll: boolean;
  /** What each top term would find alone, where nothing was found. */
  found: Found[];
}

class Answers {
  result = $state.raw<Result | null>(null);
  isAsking = $state(false);
  error = $state("");
  #known = new Map<string, Result>();
  #address = "";
  #latest = new AbortController();

  /** Ask; `all` also brings what is probably chance. */
  async ask(line: string, all: boolean): Promise<void> {
    this.#latest.abort();
    const hasFailed = this.error !== "";
    this.#address = JSON.stringify([line, all]);
    this.error = "";
    const known = this.#known.get(this.#address);
    if (known) {
      this.result = known;
      this.isAsking = false;
      if (hasFailed) await this.more(line, all);
      return;
    }
    await this.#fetch(line, all, null);
  }

  /** Bring the next portion, if there is one. */
  async more(line: string, all: boolean): Promise<void> {
    if (this.isAsking || !this.result || this.result.hasAll) return;
    this.#latest.abort();
    await this.#fetch(line, all, this.result);
  }

  /** Forget all answers: the collection is another now. */
  forget(): void {
    this.#known.clear();
  }

  async #fetch(q: string, all: boolean, before: Result | null): Promise<void> {
    const address = this.#address;
    const { signal } = (this.#latest = new AbortController());
    this.isAsking = true;
    this.error = "";
    try {
      const start = before?.end ?? 0;
      const answer = await api.search({ q, k: PORTION, start, ...(all && { cutoff: 0 }) }, signal);
      const hits = joined(before?.hits ?? [], answer.hits);
      const hasAll = answer.hits.length < PORTION;
      const found = hits.length ? [] : (await api.counts(q, signal)).terms;
      this.#keep(address, { answer: before?.answer ?? answer, hits, end: start + PORTION, hasAll, found });
    } catch (error) {
      if (isAborted(error)) return;
      if (!before && !(error instanceof Problem && error.status === 0)) this.result = null;
      this.error = sentence(error);
    } finally {
      if (this.#latest.signal === signal) this.isAsking = false;
    }
  }

  #keep(address: string, result: Result): void {
    this.result = result;
    this.#known.delete(address);
    this.#known.set(address, result);
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value!);
  }
}

/** These, then those that are not among them: places move while pictures are added. */
function joined(before: readonly Hit[], more: readonly Hit[]): Hit[] {
  const known = new Set(before.map(({ id }) => id));
  return [...before, ...more.filter(({ id }) => !known.has(id))];
}

export const answers = new Answers();
