// The last panel of a product, where it has no more than two columns.

import { finishTile } from "./gemm-tile";
import { madd } from "./vector";

/** Stores a column of 4 · strips rows that lies in lanes, the rows of one strip in each vector. */
// @ts-ignore: decorator
@inline
function storeColumn(c: usize, cRow: usize, v: v128, rows: i32, accumulate: bool): void {
  if (rows < 1) return;
  f32.store(c, accumulate ? f32.load(c) + f32x4.extract_lane(v, 0) : f32x4.extract_lane(v, 0));
  if (rows < 2) return;
  f32.store(c + cRow, accumulate ? f32.load(c + cRow) + f32x4.extract_lane(v, 1) : f32x4.extract_lane(v, 1));
  if (rows < 3) return;
  c += 2 * cRow;
  f32.store(c, accumulate ? f32.load(c) + f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 2));
  if (rows < 4) return;
  f32.store(c + cRow, accumulate ? f32.load(c + cRow) + f32x4.extract_lane(v, 3) : f32x4.extract_lane(v, 3));
}

/**
 * Two columns of four strips (16 rows): the rows in the lanes, the columns by splat loads, where `tile` would compute six columns of zeros.
 * Each element is the same sum in the same order as in `tile`.
 */
function tileOfTwoColumns(c: usize, cRow: usize, a: usize, b: usize, depth: u32, accumulate: bool, rows: i32, cols: u32): void {
  let c00 = f32x4.splat(0);
  let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const strip = <usize>depth << 4;
  // Strips that are not there are the first once more.
  const a1 = rows > 4 ? a + strip : a, a2 = rows > 8 ? a + 2 * strip : a, a3 = rows > 12 ? a + 3 * strip : a;
  for (let k: usize = 0; k < strip; k += 16, b += 32) {
    const b0 = v128.load_splat<f32>(b);
    const b1 = v128.load_splat<f32>(b, 4);
    const p0 = v128.load(a + k);
    c00 = madd(p0, b0, c00);
    c01 = madd(p0, b1, c01);
    const p1 = v128.load(a1 + k);
    c10 = madd(p1, b0, c10);
    c11 = madd(p1, b1, c11);
    const p2 = v128.load(a2 + k);
    c20 = madd(p2, b0, c20);
    c21 = madd(p2, b1, c21);
    const p3 = v128.load(a3 + k);
    c30 = madd(p3, b0, c30);
    c31 = madd(p3, b1, c31);
  }
  const four = cRow << 2;
  storeColumn(c, cRow, c00, rows, accumulate);
  storeColumn(c + four, cRow, c10, rows - 4, accumulate);
  storeColumn(c + 2 * four, cRow, c20, rows - 8, accumulate);
  storeColumn(c + 3 * four, cRow, c30, rows - 12, accumulate);
  if (cols < 2) return;
  c += 4;
  storeColumn(c, cRow, c01, rows, accumulate);
  storeColumn(c + four, cRow, c11, rows - 4, accumulate);
  storeColumn(c + 2 * four, cRow, c21, rows - 8, accumulate);
  storeColumn(c + 3 * four, cRow, c31, rows - 12, accumulate);
}

/** A panel of one or two columns, four strips at a time. */
export function multiplyTwoColumns(
  c: usize, cRow: usize, scratch: usize, panel: usize, firstRow: u32, rows: u32, strips: u32, depth: u32, accumulate: bool, cols: u32,
  finishes: bool, bias: usize, activation: u32, slope: f32,
): void {
  for (let s: u32 = 0; s < strips; s += 4) {
    const row = firstRow + (s << 2);
    const high = min<u32>(min<u32>(4, strips - s) << 2, rows - row);
    const to = c + <usize>row * cRow;
    tileOfTwoColumns(to, cRow, scratch + ((<usize>s * depth) << 4), panel, depth, accumulate, high, cols);
    if (finishes) finishTile(to, cRow, high, cols, bias, activation, slope);
  }
}
