/** Which pictures are selected; a plain set and a counter, so that 100,000 cost nothing to watch. */

class Selection {
  #ids = new Set<number>();
  #version = $state(0);
  #anchor: number | null = null;

  get size(): number {
    return this.#watched().size;
  }

  /** The ids in the order in which they were selected. */
  get ids(): number[] {
    return [...this.#watched()];
  }

  has(id: number): boolean {
    return this.#watched().has(id);
  }

  /** Select, or give up; spans start here. */
  toggle(id: number): void {
    if (!this.#ids.delete(id)) this.#ids.add(id);
    this.#anchor = id;
    this.#version += 1;
  }

  /** Select all from where the last span or toggle was to `id`, in the order of `ids`. */
  span(ids: readonly number[], id: number): void {
    const last = ids.indexOf(id);
    const first = this.#anchor === null ? last : ids.indexOf(this.#anchor);
    const [low, high] = first < 0 ? [last, last] : [Math.min(first, last), Math.max(first, last)];
    for (let index = low; index <= high; index++) this.#ids.add(ids[index]!);
    this.#anchor = id;
    this.#version += 1;
  }

  /** Select exactly these. */
  replace(ids: Iterable<number>): void {
    this.#ids = new Set(ids);
    this.#version += 1;
  }

  clear(): void {
    this.replace([]);
    this.#anchor = null;
  }

  #watched(): Set<number> {
    void this.#version;
    return this.#ids;
  }
}

export const selection = new Selection();
