/** Justified rows from aspects alone: laid out once in O(n), then any window of it in O(log n). */

export interface Layout {
  readonly width: number;
  readonly gap: number;
  /** Of the whole, in pixels. */
  readonly height: number;
  readonly aspects: ArrayLike<number>;
  /** Row r holds the pictures starts[r] up to starts[r + 1] and begins at tops[r]; both have one more at the end. */
  readonly starts: Int32Array;
  readonly tops: Float64Array;
}

export interface Cell {
  index: number;
  x: number;
  width: number;
}

/** A picture wider or taller than this gets a box of this shape and is shown whole in it. */
const WIDEST = 5;
const TALLEST = 0.4;

/** Lay pictures out in rows of about `target` pixels; the last row is not stretched. */
export function justify(aspects: ArrayLike<number>, width: number, target: number, gap: number): Layout {
  const n = width > 0 ? aspects.length : 0;
  const starts = new Int32Array(n + 1);
  const tops = new Float64Array(n + 1);
  let rows = 0;
  let first = 0;
  while (first < n) {
    const { end, height } = rowFrom(aspects, first, n, width, target, gap);
    rows += 1;
    starts[rows] = end;
    tops[rows] = tops[rows - 1]! + height + gap;
    first = end;
  }
  const height = rows ? tops[rows]! - gap : 0;
  return { width, gap, height, aspects, starts: starts.slice(0, rows + 1), tops: tops.slice(0, rows + 1) };
}

/** Return the end of the row that begins at `first`: where its height is nearest to the target. */
function rowFrom(
  aspects: ArrayLike<number>,
  first: number,
  n: number,
  width: number,
  target: number,
  gap: number,
): { end: number; height: number } {
  let sum = 0;
  let before = Infinity;
  for (let end = first; end < n; end++) {
    sum += boxAspect(aspects[end]!);
    const height = Math.max(1, (width - gap * (end - first)) / sum);
    if (height <= target) {
      const isNearer = end > first && before / target < target / height;
      return isNearer ? { end, height: before } : { end: end + 1, height };
    }
    before = height;
  }
  return { end: n, height: Math.min(before, target) };
}

/** The shape of a picture's box. */
export function boxAspect(aspect: number): number {
  return aspect > 0 ? Math.min(WIDEST, Math.max(TALLEST, aspect)) : 1;
}

export const rowCount = (layout: Layout): number => layout.starts.length - 1;

export const rowHeight = (layout: Layout, row: number): number =>
  layout.tops[row + 1]! - layout.tops[row]! - layout.gap;

/** Return the first row, and the one after the last, that touch the pixels from `top` to `bottom`. */
export function rowsWithin(layout: Layout, top: number, bottom: number): [number, number] {
  const rows = rowCount(layout);
  const first = Math.max(0, lastAtMost(layout.tops, top));
  const last = lastAtMost(layout.tops, bottom);
  return [Math.min(first, rows), Math.min(last + 1, rows)];
}

/** Return the row in which a picture stands. */
export function rowOf(layout: Layout, index: number): number {
  return Math.min(lastAtMost(layout.starts, index), rowCount(layout) - 1);
}

/** Return the boxes of a row, from left to right. */
export function cellsOf(layout: Layout, row: number): Cell[] {
  const height = rowHeight(layout, row);
  const cells: Cell[] = [];
  let x = 0;
  for (let index = layout.starts[row]!; index < layout.starts[row + 1]!; index++) {
    const width = Math.min(boxAspect(layout.aspects[index]!) * height, layout.width);
    cells.push({ index, x, width });
    x += width + layout.gap;
  }
  return cells;
}

/** Return the picture `step` rows further whose middle is nearest; the same one where there is no such row. */
export function vertical(layout: Layout, index: number, step: number): number {
  const row = rowOf(layout, index);
  const wanted = Math.min(Math.max(0, row + step), rowCount(layout) - 1);
  const here = cellsOf(layout, row).find((cell) => cell.index === index);
  if (wanted === row || !here) return index;
  const middle = here.x + here.width / 2;
  const distance = (cell: Cell): number => Math.abs(cell.x + cell.width / 2 - middle);
  return cellsOf(layout, wanted).reduce((best, cell) => (distance(cell) < distance(best) ? cell : best)).index;
}

/** Return the last place whose value is at most `limit`, or -1; the values ascend. */
function lastAtMost(values: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
