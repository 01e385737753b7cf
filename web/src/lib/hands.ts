/** How hands move a picture: wheel, drag, pinch, swipe, double click. */

import type { Viewer } from "./viewer.svelte";
import type { Point } from "./zoom";

const SWIPE = 60;
const LINE = 16;

/** Listen to hands on the stage: `{@attach hands(viewer, walk)}`; a swipe calls with -1 or 1. */
export function hands(viewer: Viewer, onswipe: (step: number) => void): (stage: HTMLElement) => () => void {
  return (stage) => {
    const stop = new AbortController();
    const options = { signal: stop.signal, passive: false };
    const touches = new Map<number, Point>();
    let start: Point | null = null;

    function press(event: PointerEvent): void {
      if (event.button !== 0) return;
      stage.setPointerCapture(event.pointerId);
      touches.set(event.pointerId, pointIn(stage, event));
      const maySwipe = touches.size === 1 && !viewer.isZoomed && event.pointerType !== "mouse";
      start = maySwipe ? pointIn(stage, event) : null;
    }

    function drag(event: PointerEvent): void {
      const before = touches.get(event.pointerId);
      if (!before) return;
      const now = pointIn(stage, event);
      touches.set(event.pointerId, now);
      const other = [...touches].find(([id]) => id !== event.pointerId)?.[1];
      if (other) viewer.zoom(distance(now, other) / Math.max(1, distance(before, other)), middle(now, other));
      const share = other ? 0.5 : 1;
      viewer.pan({ x: (now.x - before.x) * share, y: (now.y - before.y) * share });
    }

    function lift(event: PointerEvent): void {
      const end = touches.get(event.pointerId);
      touches.delete(event.pointerId);
      const step = start && end ? swiped(start, end) : 0;
      start = null;
      if (step !== 0 && event.type === "pointerup") onswipe(step);
    }

    stage.addEventListener("wheel", (event) => roll(viewer, stage, event), options);
    stage.addEventListener("dblclick", (event) => viewer.toggle(pointIn(stage, event)), options);
    stage.addEventListener("pointerdown", press, options);
    stage.addEventListener("pointermove", drag, options);
    stage.addEventListener("pointerup", lift, options);
    stage.addEventListener("pointercancel", lift, options);
    return () => stop.abort();
  };
}

/** Return the point of an element that an event is at. */
export function pointIn(element: Element, event: MouseEvent): Point {
  const { left, top } = element.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

function roll(viewer: Viewer, stage: HTMLElement, event: WheelEvent): void {
  if (!event.ctrlKey && !viewer.isZoomed && scrollsBehind(stage)) return;
  event.preventDefault();
  const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
  viewer.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002)), pointIn(stage, event));
}

/** Where the picture and what is known stand below each other, the wheel scrolls. */
function scrollsBehind(stage: HTMLElement): boolean {
  const holder = stage.closest("[role=dialog]");
  return holder !== null && holder.scrollHeight > holder.clientHeight;
}

function swiped(start: Point, end: Point): number {
  const [dx, dy] = [end.x - start.x, end.y - start.y];
  return Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy) ? -Math.sign(dx) : 0;
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function middle(one: Point, other: Point): Point {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}
