/** A gallery's pictures as aligned columns: enough to lay them out and to draw them, for 100,000 at once. */

import type { Columns, Hit } from "./types";

const KEY = 8;
const COLOURS = 12;
const UNKNOWN = "0".repeat(COLOURS);

export class Tiles {
  readonly ids: readonly number[];
  /** Width over height. */
  readonly aspects: readonly number[];
  readonly keys: string;
  readonly colours: string;
  /** The answer's hits, aligned; null for a plain list. */
  readonly hits: readonly Hit[] | null;
  #places: Map<number, number> | null = null;
  #copies: ReadonlySet<Hit> = new Set();

  constructor(
    ids: readonly number[],
    aspects: readonly number[],
    keys: string,
    colours: string,
    hits: readonly Hit[] | null = null,
  ) {
    this.ids = ids;
    this.aspects = aspects;
    this.keys = keys;
    this.colours = colours;
    this.hits = hits;
  }

  static readonly none = new Tiles([], [], "", "");

  static ofColumns({ ids, aspects, keys, colours }: Columns): Tiles {
    return new Tiles(ids, aspects, keys, colours);
  }

  static ofHits(hits: readonly Hit[]): Tiles {
    return new Tiles(
      hits.map((hit) => hit.id),
      hits.map((hit) => hit.width / hit.height),
      hits.map((hit) => hit.sha256.slice(0, KEY)).join(""),
      hits.map((hit) => hit.colours || UNKNOWN).join(""),
      hits,
    );
  }

  get length(): number {
    return this.ids.length;
  }

  key(index: number): string {
    return this.keys.slice(index * KEY, (index + 1) * KEY);
  }

  /** The four corners as 3-digit CSS colours: top left, top right, bottom left, bottom right. */
  corners(index: number): [string, string, string, string] {
    return cornersOf(this.placeholder(index));
  }

  /** The same four colours as twelve digits, as `Blur` takes them. */
  placeholder(index: number): string {
    return this.colours.slice(index * COLOURS, (index + 1) * COLOURS);
  }

  hit(index: number): Hit | null {
    return this.hits?.[index] ?? null;
  }

  /** Whether a near-copy stands there, shown since its stack was opened. */
  isCopy(index: number): boolean {
    const hit = this.hit(index);
    return hit !== null && this.#copies.has(hit);
  }

  /** Where a picture stands, or -1. */
  indexOf(id: number): number {
    this.#places ??= new Map(this.ids.map((known, index) => [known, index]));
    return this.#places.get(id) ?? -1;
  }

  /** These, then those. */
  append(more: Tiles): Tiles {
    return new Tiles(
      this.ids.concat(more.ids),
      this.aspects.concat(more.aspects),
      this.keys + more.keys,
      this.colours + more.colours,
      this.hits && more.hits ? this.hits.concat(more.hits) : null,
    );
  }

  /** The same with the near-copies of some hits right after them. */
  withCopiesOf(opened: ReadonlySet<number>): Tiles {
    if (!this.hits || opened.size === 0) return this;
    const copies = new Set<Hit>();
    const hits = this.hits.flatMap((hit) => {
      if (!opened.has(hit.id)) return [hit];
      for (const copy of hit.copies) copies.add(copy);
      return [hit, ...hit.copies];
    });
    const shown = Tiles.ofHits(hits);
    shown.#copies = copies;
    return shown;
  }

  /** The same in another order: `order[i]` is the old place of what stands at `i`. */
  arranged(order: ArrayLike<number>): Tiles {
    const places = Array.from(order);
    return new Tiles(
      places.map((place) => this.ids[place]!),
      places.map((place) => this.aspects[place]!),
      places.map((place) => this.key(place)).join(""),
      places.map((place) => this.placeholder(place)).join(""),
      this.hits && places.map((place) => this.hits![place]!),
    );
  }
}

/** Split twelve digits into the four CSS colours of the corners. */
export function cornersOf(colours: string): [string, string, string, string] {
  const digits = colours.length === COLOURS ? colours : UNKNOWN;
  return [0, 3, 6, 9].map((at) => `#${digits.slice(at, at + 3)}`) as [string, string, string, string];
}
