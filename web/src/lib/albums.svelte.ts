/** The albums, and what can be done with them; who shows one asks again when `changes` grows. */

import { announcer } from "./announce.svelte";
import { api, sentence } from "./client";
import { count } from "./format";
import type { Album } from "./types";

type Source = { items?: number[]; query?: string; k?: number };

class Albums {
  all = $state.raw<Album[] | null>(null);
  error = $state("");
  changes = $state(0);

  async load(): Promise<void> {
    try {
      this.all = (await api.albums()).albums;
      this.error = "";
    } catch (error) {
      this.error = sentence(error);
    }
  }

  /** Make an album and return its id. */
  async make(name: string, source: Source = {}): Promise<number> {
    const { id, added } = await api.makeAlbum({ name, ...source });
    await this.#changed();
    const holding = added ? ` with ${count(added, "picture")}` : "";
    announcer.notice(`Made ${name}${holding}`, { words: "Undo", run: () => void this.#quietly(() => this.delete(id)) });
    return id;
  }

  async add(album: Pick<Album, "id" | "name">, ids: number[]): Promise<void> {
    const { added } = await api.addToAlbum(album.id, { items: ids });
    await this.#changed();
    if (added === 0) announcer.notice(`${album.name} holds ${ids.length === 1 ? "it" : "them"} already`);
    else if (added < ids.length)
      announcer.notice(`Added ${count(added)} to ${album.name}; the others were there already`);
    else {
      const undo = (): Promise<unknown> => api.removeFromAlbum(album.id, ids).then(() => this.#changed());
      const run = (): void => void this.#quietly(undo);
      announcer.notice(`Added ${count(added, "picture")} to ${album.name}`, { words: "Undo", run });
    }
  }

  async remove(id: number, ids: number[]): Promise<void> {
    const { removed } = await api.removeFromAlbum(id, ids);
    await this.#changed();
    announcer.notice(`Took ${count(removed, "picture")} out of the album`);
  }

  async rename(id: number, name: string): Promise<void> {
    await api.renameAlbum(id, name);
    await this.#changed();
  }

  async delete(id: number): Promise<void> {
    await api.deleteAlbum(id);
    await this.load(); // no change is told: the page of the album itself would ask for what is gone
  }

  async #changed(): Promise<void> {
    this.changes += 1;
    await this.load();
  }

  async #quietly(work: () => Promise<unknown>): Promise<void> {
    await work().catch((error: unknown) => announcer.notice(sentence(error)));
  }
}

export const albums = new Albums();
