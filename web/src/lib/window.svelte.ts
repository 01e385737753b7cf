/** The part of a long element that the window shows, and whether it flies past. */

import { untrack } from "svelte";

/** Pixels a second beyond which nobody can see what passes; one turn of a wheel may be as fast, but not two. */
const FLYING = 6_000;
const SETTLED_AFTER = 140;

export class Glimpse {
  /** The window's upper edge, in pixels from the top of the element. */
  top = $state(0);
  height = $state(0);
  /** Whether the page is flung; what is not loaded yet then waits. */
  isFlying = $state(false);
  #at = 0;
  #wasFast = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Watch an element until the returned function is called. */
  watch(element: HTMLElement): () => void {
    let frame = 0;
    const look = (): void => {
      frame = 0;
      this.#look(element);
    };
    const soon = (): void => {
      frame ||= requestAnimationFrame(look);
    };
    untrack(look);
    const stop = new AbortController();
    addEventListener("scroll", soon, { passive: true, signal: stop.signal });
    addEventListener("resize", soon, { signal: stop.signal });
    const sizes = new ResizeObserver(soon);
    sizes.observe(document.body);
    return () => {
      stop.abort();
      sizes.disconnect();
      cancelAnimationFrame(frame);
      clearTimeout(this.#timer);
    };
  }

  #look(element: HTMLElement): void {
    const top = -element.getBoundingClientRect().top;
    const now = performance.now();
    const speed = Math.abs(top - this.top) / Math.max(1, now - this.#at);
    const isFar = Math.abs(top - this.top) > innerHeight / 2;
    const isFast = speed * 1000 > FLYING;
    this.isFlying = isFast && (isFar || this.#wasFast);
    this.#wasFast = isFast;
    this.top = top;
    this.height = innerHeight;
    this.#at = now;
    clearTimeout(this.#timer);
    if (this.isFlying) this.#timer = setTimeout(() => (this.isFlying = false), SETTLED_AFTER);
  }
}
