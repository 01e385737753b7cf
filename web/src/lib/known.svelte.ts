/** All that is known about the picture that is shown: at once what the gallery below knows, then what the server says. */

import { api, isAborted, Problem, sentence } from "./client";
import { nameOf } from "./format";
import { server } from "./server.svelte";
import { shelf } from "./shelf.svelte";
import type { Hit, Item } from "./types";
import type { Size } from "./zoom";

/** What a picture can be asked for before anything happens. */
export type Question = "part" | "album" | "remove";

interface Shape {
  size: Size;
  /** At least its first 8 digits. */
  sha256: string;
  colours: string;
}

/** For a picture of which only the shape is known: large enough for any stage. */
const VIRTUAL_HEIGHT = 10_000;

export class Known {
  #id: () => number;
  #item = $state.raw<Item | null>(null);
  #error = $state.raw<{ id: number; text: string } | null>(null);

  /** Follow an id; to be made while a component starts. */
  constructor(id: () => number) {
    this.#id = id;
    $effect(() => {
      void server.returns;
      const stop = new AbortController();
      void this.#ask(id(), stop.signal);
      return () => stop.abort();
    });
  }

  get item(): Item | null {
    return this.#item?.id === this.#id() ? this.#item : null;
  }

  /** Why it is in the gallery below, if that is an answer. */
  get hit(): Hit | null {
    return shelf.hit(this.#id());
  }

  get error(): string {
    return this.#error?.id === this.#id() ? this.#error.text : "";
  }

  get shape(): Shape | null {
    const whole = this.item ?? this.hit;
    if (whole) return { size: whole, sha256: whole.sha256, colours: whole.colours };
    const place = shelf.tiles.indexOf(this.#id());
    if (place < 0) return null;
    const width = (shelf.tiles.aspects[place] || 1) * VIRTUAL_HEIGHT;
    const colours = shelf.tiles.corners(place).join("").replaceAll("#", "");
    return { size: { width, height: VIRTUAL_HEIGHT }, sha256: shelf.tiles.key(place), colours };
  }

  get size(): Size {
    return this.shape?.size ?? { width: 1, height: 1 };
  }

  get name(): string {
    const path = this.item?.paths[0] ?? this.hit?.path;
    return path ? nameOf(path) : `Picture ${this.#id()}`;
  }

  /** What stands between the reader and the original, as a sentence; empty if nothing does. */
  get state(): string {
    if (this.item?.is_missing) return "No file holds this picture any more.";
    return this.hit?.offline ? "Its folder is offline; this is what the collection kept." : "";
  }

  async #ask(id: number, signal: AbortSignal): Promise<void> {
    try {
      this.#item = await api.item(id, signal);
      this.#error = null;
    } catch (error) {
      if (isAborted(error)) return;
      const isGone = error instanceof Problem && error.status === 404;
      this.#error = { id, text: isGone ? `There is no picture ${id} in this collection.` : sentence(error) };
    }
  }
}
