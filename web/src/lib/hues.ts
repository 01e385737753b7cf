/** Pictures ordered by their colour: around the hues, each from light to dark, greys apart at the end. */

import type { Tiles } from "./tiles";

const SECTORS = 12;
const GREY_BELOW = 0.12;

/** Return the order in which to show pictures by colour; ties keep their order. */
export function byColour(tiles: Tiles): Int32Array {
  const keys = new Float64Array(tiles.length);
  for (let index = 0; index < tiles.length; index++) keys[index] = colourKey(tiles.corners(index));
  return Int32Array.from({ length: tiles.length }, (_, index) => index).sort((a, b) => keys[a]! - keys[b]! || a - b);
}

/** Return where colours stand: the sector of their mean's hue, or the greys' one, and the darkness within it. */
export function colourKey(colours: readonly string[]): number {
  const sum: [number, number, number] = [0, 0, 0];
  for (const colour of colours) {
    for (const part of [0, 1, 2] as const) sum[part] += parseInt(colour[part + 1]!, 16) / 15 / colours.length;
  }
  const [red, green, blue] = sum;
  const most = Math.max(...sum);
  const chroma = most - Math.min(...sum);
  const darkness = 1 - (0.299 * red + 0.587 * green + 0.114 * blue);
  if (chroma < GREY_BELOW) return SECTORS + darkness * 0.999;
  let hue = (green - blue) / chroma;
  if (most === green) hue = (blue - red) / chroma + 2;
  else if (most === blue) hue = (red - green) / chroma + 4;
  return Math.floor((((hue + 6.25) % 6) / 6) * SECTORS) + darkness * 0.999;
}
