/** The whole collection as tiles: the first at once, the rest in large portions; kept while the page lives. */

import { api, isAborted, sentence } from "./client";
import { Tiles } from "./tiles";

const FIRST = 500;
const PORTION = 5_000;

class Mosaic {
  tiles = $state.raw<Tiles>(Tiles.none);
  /** How many there are in all; null until known. */
  total = $state<number | null>(null);
  /** What was added last. */
  latest = $state.raw<Tiles>(Tiles.none);
  error = $state("");
  /** Where the next portion begins; null before the first and after the last. */
  #next: string | null = null;
  #loading: AbortController | null = null;

  /** Load what is not there yet. */
  async load(): Promise<void> {
    if (this.#loading || this.total === this.tiles.length) return;
    await this.#load();
  }

  /** Load all anew; what is shown stays until the first portion comes. */
  async reload(): Promise<void> {
    this.#loading?.abort();
    this.#next = null;
    await this.#load();
  }

  async #load(): Promise<void> {
    const { signal } = (this.#loading = new AbortController());
    try {
      this.error = "";
      if (this.#next === null) {
        const first = await api.gallery({ order: "taken", limit: FIRST }, signal);
        this.tiles = Tiles.ofColumns(first);
        this.total = first.total;
        this.latest = Tiles.ofColumns(await api.gallery({ order: "added", limit: 24 }, signal));
        this.#next = first.next;
      }
      while (this.#next !== null) {
        const more = await api.gallery({ order: "taken", limit: PORTION, after: this.#next }, signal);
        this.tiles = this.tiles.append(Tiles.ofColumns(more));
        this.#next = more.next;
      }
      this.total = this.tiles.length;
    } catch (error) {
      if (!isAborted(error)) this.error = sentence(error);
    } finally {
      if (this.#loading?.signal === signal) this.#loading = null;
    }
  }
}

export const mosaic = new Mosaic();
