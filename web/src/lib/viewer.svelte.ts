/** What is seen of a picture: all of it, or something near. */

import { fitted, isZoomed, moved, pixelAt, zoomed, type Point, type Size, type View } from "./zoom";

const STEP = 1.5;
const NEAR = 2.5;

export class Viewer {
  /** The room there is; bound to the element. */
  width = $state(0);
  height = $state(0);
  #picture: () => Size;
  /** Null while the whole picture is shown. */
  #near = $state.raw<View | null>(null);

  constructor(picture: () => Size) {
    this.#picture = picture;
  }

  get stage(): Size {
    return { width: this.width, height: this.height };
  }

  get view(): View {
    const [picture, stage] = [this.#picture(), this.stage];
    return this.#near ? zoomed(this.#near, 1, { x: 0, y: 0 }, picture, stage) : fitted(picture, stage);
  }

  get isZoomed(): boolean {
    return this.#near !== null;
  }

  /** Come nearer by a factor, or go back, around a point of the stage or its middle. */
  zoom(factor = STEP, at: Point = { x: this.width / 2, y: this.height / 2 }): void {
    const next = zoomed(this.view, factor, at, this.#picture(), this.stage);
    this.#near = isZoomed(next, this.#picture(), this.stage) ? next : null;
  }

  pan(by: Point): void {
    if (this.#near) this.#near = moved(this.view, by, this.#picture(), this.stage);
  }

  fit(): void {
    this.#near = null;
  }

  /** Between the whole and its pixels, or nearer where these are shown already. */
  toggle(at: Point): void {
    if (this.isZoomed) this.fit();
    else this.zoom(Math.max(1 / this.view.scale, NEAR), at);
  }

  pixelAt(point: Point): Point {
    return pixelAt(point, this.view);
  }
}
