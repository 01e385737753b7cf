/** The answer to the page's question: in portions as one scrolls, kept while the next one comes. */

import { api, isAborted, Problem, sentence } from "./client";
import type { Answer, Found, Hit } from "./types";

const PORTION = 200;
const KEPT = 8;

export interface Result {
  /** Without its hits after the first portion: what the server says of the whole. */
  answer: Answer;
  hits: readonly Hit[];
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
    this.#address = JSON.stringify([line, all]);
    this.error = "";
    const known = this.#known.get(this.#address);
    if (known) {
      this.result = known;
      this.isAsking = false;
      return;
    }
    await this.#fetch(line, all, []);
  }

  /** Bring the next portion, if there is one. */
  async more(line: string, all: boolean): Promise<void> {
    if (this.isAsking || !this.result || this.result.hasAll) return;
    this.#latest.abort();
    await this.#fetch(line, all, this.result.hits);
  }

  /** Forget all answers: the collection is another now. */
  forget(): void {
    this.#known.clear();
  }

  async #fetch(q: string, all: boolean, before: readonly Hit[]): Promise<void> {
    const address = this.#address;
    const { signal } = (this.#latest = new AbortController());
    this.isAsking = true;
    try {
      const values = { q, k: PORTION, start: before.length, ...(all && { cutoff: 0 }) };
      const answer = await api.search(values, signal);
      const hits = [...before, ...answer.hits];
      const hasAll = answer.hits.length < PORTION;
      const found = hits.length ? [] : (await api.counts(q, signal)).terms;
      this.#keep(address, { answer: before.length ? this.result!.answer : answer, hits, hasAll, found });
    } catch (error) {
      if (isAborted(error)) return;
      if (before.length) this.#keep(address, { ...this.result!, hasAll: true });
      else if (!(error instanceof Problem && error.status === 0)) this.result = null;
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

export const answers = new Answers();
