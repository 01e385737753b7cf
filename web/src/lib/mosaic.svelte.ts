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
  #loading: AbortController | null = null;

  /** Load what is not there yet. */
  async load(): Promise<void> {
    if (this.#loading || this.total === this.tiles.length) return;
    await this.reload();
  }

  /** Load all anew; what is shown stays until the first portion comes. */
  async reload(): Promise<void> {
    this.#loading?.abort();
    const { signal } = (this.#loading = new AbortController());
    try {
      this.error = "";
      const first = await api.gallery({ order: "taken", limit: FIRST }, signal);
      this.tiles = Tiles.ofColumns(first);
      this.total = first.total;
      this.latest = Tiles.ofColumns(await api.gallery({ order: "added", limit: 24 }, signal));
      for (let after = first.next; after !== null;) {
        const more = await api.gallery({ order: "taken", limit: PORTION, after }, signal);
        this.tiles = this.tiles.append(Tiles.ofColumns(more));
        after = more.next;
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
