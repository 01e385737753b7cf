/** A picture in a window onto it: fitting, zooming and moving as plain geometry. */

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** Where the picture lies: its top left corner in the stage, and CSS pixels per pixel of the original. */
export interface View extends Point {
  scale: number;
}

/** Pixels of the upright original: left, top, right, bottom; the last two are not part of it. */
export type Box = [number, number, number, number];

/** Small pictures are shown at most this large, large ones can be zoomed this far. */
const MOST_FITTED = 2;
const MOST_ZOOMED = 4;
const SMALLEST_PART = 16;
/** The longer side of a large thumbnail. */
const LARGE = 1600;
/** An original with more pixels takes more memory than a browser should be asked for. */
const MOST_PIXELS = 60e6;
const SHOWN_BY_BROWSERS = new Set(["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP"]);

/** Show the whole picture in the middle. */
export function fitted(picture: Size, stage: Size): View {
  return inside({ x: 0, y: 0, scale: fittingScale(picture, stage) }, picture, stage);
}

/** Change the size by a factor while the point under the hand stays. */
export function zoomed(view: View, factor: number, at: Point, picture: Size, stage: Size): View {
  const least = fittingScale(picture, stage);
  const scale = Math.min(Math.max(view.scale * factor, least), Math.max(MOST_ZOOMED, least * MOST_ZOOMED));
  const grown = scale / view.scale;
  return inside({ x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown, scale }, picture, stage);
}

export function moved(view: View, by: Point, picture: Size, stage: Size): View {
  return inside({ ...view, x: view.x + by.x, y: view.y + by.y }, picture, stage);
}

/** Whether more than the whole picture would fit; a hair is for rounding. */
export function isZoomed(view: View, picture: Size, stage: Size): boolean {
  return view.scale > fittingScale(picture, stage) * 1.001;
}

/** Return the pixel of the original under a point of the stage. */
export function pixelAt(point: Point, view: View): Point {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

/** Return the part of the picture between two of its pixels, whole, inside it and not too small to search with. */
export function partBetween(one: Point, other: Point, picture: Size): Box {
  const [left, right] = span(one.x, other.x, picture.width);
  const [top, bottom] = span(one.y, other.y, picture.height);
  return [left, top, right, bottom];
}

/** Move a part, or its right and bottom edge, by steps of a fiftieth of the picture. */
export function nudged([x0, y0, x1, y1]: Box, steps: Point, picture: Size, grows: boolean): Box {
  const [dx, dy] = [(steps.x * picture.width) / 50, (steps.y * picture.height) / 50];
  if (grows) {
    const corner = { x: Math.max(x1 + dx, x0 + SMALLEST_PART), y: Math.max(y1 + dy, y0 + SMALLEST_PART) };
    return partBetween({ x: x0, y: y0 }, corner, picture);
  }
  const x = Math.min(Math.max(x0 + dx, 0), picture.width - (x1 - x0));
  const y = Math.min(Math.max(y0 + dy, 0), picture.height - (y1 - y0));
  return partBetween({ x, y }, { x: x + x1 - x0, y: y + y1 - y0 }, picture);
}

/** The middle of what is seen of the picture, to begin with. */
export function middlePart(view: View, picture: Size, stage: Size): Box {
  const low = pixelAt({ x: Math.max(0, view.x), y: Math.max(0, view.y) }, view);
  const end = { x: view.x + picture.width * view.scale, y: view.y + picture.height * view.scale };
  const high = pixelAt({ x: Math.min(stage.width, end.x), y: Math.min(stage.height, end.y) }, view);
  const between = (share: number): Point => ({
    x: low.x + (high.x - low.x) * share,
    y: low.y + (high.y - low.y) * share,
  });
  return partBetween(between(0.3), between(0.7), picture);
}

/** Whether the large thumbnail is too coarse for what is shown, and the browser can do better with the original. */
export function wantsOriginal(view: View, picture: Size, format: string, pixelRatio: number): boolean {
  const longer = Math.max(picture.width, picture.height);
  const isCoarse = view.scale * pixelRatio * longer > LARGE;
  return isCoarse && canShowOriginal(picture, format);
}

export function canShowOriginal({ width, height }: Size, format: string): boolean {
  return SHOWN_BY_BROWSERS.has(format) && width * height <= MOST_PIXELS;
}

function fittingScale(picture: Size, stage: Size): number {
  return Math.min(stage.width / picture.width, stage.height / picture.height, MOST_FITTED);
}

function inside(view: View, picture: Size, stage: Size): View {
  return {
    x: within(view.x, picture.width * view.scale, stage.width),
    y: within(view.y, picture.height * view.scale, stage.height),
    scale: view.scale,
  };
}

/** A side that fits lies in the middle; one that does not leaves no gap at its ends. */
function within(start: number, length: number, room: number): number {
  return length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, start));
}

function span(one: number, other: number, length: number): [number, number] {
  const size = Math.min(SMALLEST_PART, length);
  const low = Math.round(Math.min(Math.max(Math.min(one, other), 0), length - size));
  const high = Math.round(Math.min(Math.max(one, other), length));
  return [low, Math.max(high, low + size)];
}
