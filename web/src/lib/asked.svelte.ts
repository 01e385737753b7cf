/** The question of the page: read from the URL, changed as chips, written back to the URL. */

import { api, isAborted, Problem, sentence } from "./client";
import { joined, mixOf, pictureOf, read, write, type Question } from "./query";
import { router, searchUrl } from "./router.svelte";
import { fieldOf } from "./terms";
import type { Tree } from "./types";

const NOTHING: Question = { chips: [], filters: [] };

class Asked {
  /** The question in the one-line syntax. */
  line = $state("");
  question = $state.raw<Question>(NOTHING);
  tree = $state.raw<Tree | null>(null);
  /** What the server did not understand, in its words; empty if all is well. */
  error = $state("");
  /** Whether the server was not there for the last thing. */
  isUnanswered = $state(false);
  #latest = new AbortController();

  /** Read the line that the URL holds; a change that is still on its way to it comes too late. */
  async follow(line: string): Promise<void> {
    this.#latest.abort();
    if (line !== this.line) await this.#read(line);
    else this.#restore();
  }

  /** Read the line again, where the server was not there to do so. */
  async retry(): Promise<void> {
    if (this.isUnanswered) await this.#read(this.line);
  }

  async #read(line: string): Promise<void> {
    this.line = line;
    if (!line.trim()) return this.#take(line, null);
    const isRead = await this.#ask(async (signal) => {
      const { query } = await api.readLine(line, signal);
      this.#take(line, query);
    });
    if (!isRead && this.error) [this.tree, this.question] = [null, NOTHING];
  }

  /** Ask something else, and show it at once; a slider replaces the step in the history that it is part of. */
  async change(question: Question, { replace = false }: { replace?: boolean } = {}): Promise<void> {
    const tree = write(question);
    if (tree === null) return router.go("/");
    this.question = question;
    await this.#ask(async (signal) => {
      const { line, query } = await api.printTree(tree, signal);
      this.#take(line, query);
      const { page } = router;
      router.go(searchUrl(line, false, page.name === "search" ? page.compare : null), { replace });
    });
  }

  /** Add what a line asks to the question; a filter takes the place of one about the same field. */
  async add(line: string): Promise<boolean> {
    return this.#ask(async (signal) => {
      const more = read((await api.readLine(line, signal)).query);
      const fields = new Set(more.filters.map(fieldOf));
      const filters = this.question.filters.filter((filter) => !fields.has(fieldOf(filter)));
      await this.change(joined({ ...this.question, filters }, more));
    });
  }

  /** Ask exactly what a line says. */
  async replace(line: string): Promise<boolean> {
    return this.#ask(async (signal) => {
      if (line.trim()) await this.change(read((await api.readLine(line, signal)).query));
      else router.go("/");
    });
  }

  /** Add pictures, each by its id or as an upload; one that is there already changes sides. */
  async addPictures(sources: ({ id: number } | { upload: string })[], negated = false): Promise<void> {
    const known = new Set(sources.map((source) => JSON.stringify(source)));
    const kept = this.question.chips.filter(
      (chip) => chip.kind !== "picture" || chip.box || !known.has(JSON.stringify(chip.source)),
    );
    const mix = mixOf(this.question);
    const chips = sources.map((source) => ({ ...pictureOf(source, negated), ...(mix && { mix }) }));
    await this.change({ ...this.question, chips: [...kept, ...chips] });
  }

  #take(line: string, tree: Tree | null): void {
    this.line = line;
    this.tree = tree;
    this.error = "";
    this.isUnanswered = false;
    this.#restore();
  }

  /** Show what was read last, not what it was to become. */
  #restore(): void {
    this.question = read(this.tree);
  }

  /** Do one thing at a time: the newest wins; return whether it went well. */
  async #ask(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    this.#latest.abort();
    this.#latest = new AbortController();
    try {
      await work(this.#latest.signal);
      return this.error === "";
    } catch (error) {
      if (isAborted(error)) return false;
      this.error = sentence(error);
      this.isUnanswered = error instanceof Problem && error.status === 0;
      this.#restore();
      return false;
    }
  }
}

export const asked = new Asked();
