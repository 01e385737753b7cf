/** Selecting by drawing a rectangle: from empty space, or from anywhere with Shift; and by tap-and-hold. */

import { cellsOf, rowsWithin, rowHeight, type Layout } from "./layout";
import { selection } from "./selection.svelte";

const HOLD = 450;
const SLACK = 6;

interface Point {
  x: number;
  y: number;
}
export interface Rectangle extends Point {
  width: number;
  height: number;
}

/** Return the places whose boxes a rectangle touches. */
export function touched(layout: Layout, { x, y, width, height }: Rectangle): number[] {
  const [first, last] = rowsWithin(layout, y, y + height);
  const places: number[] = [];
  for (let row = first; row < last; row++) {
    if (layout.tops[row]! + rowHeight(layout, row) < y) continue;
    for (const cell of cellsOf(layout, row)) {
      if (cell.x < x + width && cell.x + cell.width > x) places.push(cell.index);
    }
  }
  return places;
}

export class Lasso {
  /** What is drawn now, in pixels of the gallery; null most of the time. */
  rectangle = $state.raw<Rectangle | null>(null);

  /** Watch an element; `layout` and `ids` say what lies in it. */
  watch(element: HTMLElement, layout: () => Layout, ids: () => readonly number[]): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    let start: Point | null = null;
    let before: number[] = [];
    let hold: ReturnType<typeof setTimeout> | undefined;
    let swallow = false;

    const at = (event: PointerEvent): Point => {
      const box = element.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const tileAt = (event: Event): number | null => {
      const tile = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-index]") : null;
      return tile ? Number(tile.dataset.index) : null;
    };
    const end = (): void => {
      clearTimeout(hold);
      if (this.rectangle) swallow = true;
      start = null;
      this.rectangle = null;
    };

    const down = (event: PointerEvent): void => {
      swallow = false;
      const index = tileAt(event);
      if (event.pointerType === "touch") {
        if (index === null) return;
        hold = setTimeout(() => {
          selection.toggle(ids()[index]!);
          navigator.vibrate?.(10);
          swallow = true;
        }, HOLD);
      } else if (event.button === 0 && (event.shiftKey || index === null)) {
        start = at(event);
        before = event.shiftKey ? selection.ids : [];
      }
    };
    const move = (event: PointerEvent): void => {
      if (event.pointerType === "touch") return clearTimeout(hold);
      if (!start) return;
      const { x, y } = at(event);
      const [width, height] = [Math.abs(x - start.x), Math.abs(y - start.y)];
      if (!this.rectangle && Math.hypot(width, height) < SLACK) return;
      this.rectangle = { x: Math.min(x, start.x), y: Math.min(y, start.y), width, height };
      selection.replace([...before, ...touched(layout(), this.rectangle).map((place) => ids()[place]!)]);
    };
    /** After a lasso or a hold no picture opens; with something selected on touch, a tap selects. */
    const click = (event: PointerEvent): void => {
      const index = tileAt(event);
      const isButton = event.target instanceof Element && event.target.closest("button") !== null;
      const taps = event.pointerType === "touch" && selection.size > 0 && index !== null && !isButton;
      const spans = event.shiftKey && index !== null;
      if (!swallow && !taps && !spans) return;
      event.preventDefault();
      event.stopPropagation();
      if (!swallow && spans) selection.span(ids(), ids()[index]!);
      else if (!swallow && taps) selection.toggle(ids()[index]!);
      swallow = false;
    };
    const menu = (event: Event): void => {
      if (swallow) event.preventDefault();
    };
    const drag = (event: Event): void => {
      if (start) event.preventDefault();
    };

    element.addEventListener("pointerdown", down, { signal });
    element.addEventListener("click", click as EventListener, { signal, capture: true });
    element.addEventListener("contextmenu", menu, { signal });
    element.addEventListener("dragstart", drag, { signal });
    addEventListener("pointermove", move, { signal });
    addEventListener("pointerup", end, { signal });
    addEventListener("pointercancel", end, { signal });
    return () => {
      clearTimeout(hold);
      stop.abort();
    };
  }
}
