// Matrix product over a packed B. The tile is 4 × 8: eight accumulators, two 16-byte loads of B, one splat load of A for each row, multiply, then add.
// A sum runs over k in blocks of 256; the block sums are added in order. That order is fixed by k alone, not by tile, range or thread.

import { multiplyTwoColumns } from "./gemm-two-columns";
import { finishTile, storeEdge, storeRow } from "./gemm-tile";
import { at, madd, storeTransposed } from "./vector";

export const blockDepth: u32 = 256;
/** Strips that share one pass over B: their packed A (4 KB each) stays in the first-level cache. */
export const stripsAtOnce: u32 = 8;
/** Where in a thread's scratch a row of zeros lies, for the padding of convolutions. */
export const zerosOffset: usize = 61440;

/**
 * The bias in the place of a tile of eight columns, for `tile` to add to: the same sum as finishTile's, but its stores are long done when they are read.
 * (Measured: 15 ns less for each tile, a fifth of a product with k = 30.)
 */
// @ts-ignore: decorator
@inline
function beginTile(c: usize, cRow: usize, rows: u32, bias: usize): void {
  const low = v128.load(bias);
  const high = v128.load(bias, 16);
  for (let r: u32 = 0; r < rows; r++, c += cRow) {
    v128.store(c, low);
    v128.store(c, high, 16);
  }
}

/** One 4 × 8 tile: C (+)= packed strip (depth × 4) · packed panel (depth × 8). */
function tile(c: usize, cRow: usize, a: usize, b: usize, depth: u32, accumulate: bool, rows: u32, cols: u32): void {
  let c00 = f32x4.splat(0);
  let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const stop = a + (<usize>depth << 4);
  while (a < stop) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f32>(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load_splat<f32>(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load_splat<f32>(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load_splat<f32>(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  if (rows == 4 && cols == 8) {
    storeRow(c, c00, c01, accumulate);
    storeRow(c + cRow, c10, c11, accumulate);
    storeRow(c + 2 * cRow, c20, c21, accumulate);
    storeRow(c + 3 * cRow, c30, c31, accumulate);
    return;
  }
  storeEdge(c, c00, c01, cols, accumulate);
  if (rows > 1) storeEdge(c + cRow, c10, c11, cols, accumulate);
  if (rows > 2) storeEdge(c + 2 * cRow, c20, c21, cols, accumulate);
  if (rows > 3) storeEdge(c + 3 * cRow, c30, c31, cols, accumulate);
}

/**
 * C's rows [firstRow, firstRow + 4 · strips) (+)= packed strips in `scratch` · block [k0, k0 + depth) of every panel of `packed`.
 * The last block adds the bias and applies the activation, tile by tile. `c` is row 0; cRow in bytes.
 */
export function multiplyBlock(
  c: usize, cRow: usize, scratch: usize, packed: usize, firstRow: u32, rows: u32, strips: u32, n: u32, k: u32, k0: u32, depth: u32,
  accumulate: bool, bias: usize, activation: u32, slope: f32,
): void {
  const ends = k0 + depth >= k;
  const finishes = ends && (bias != 0 || activation != 0);
  for (let j: u32 = 0; j < n; j += 8) {
    const panel = packed + ((<usize>j * k) << 2) + (<usize>k0 << 5);
    const cols = min<u32>(8, n - j);
    if (cols <= 2) {
      const shift = <usize>j << 2;
      multiplyTwoColumns(
        c + shift, cRow, scratch, panel, firstRow, rows, strips, depth, accumulate, cols, finishes, bias ? bias + shift : 0, activation, slope,
      );
      return;
    }
    const begins = ends && !accumulate && bias != 0 && activation == 0 && cols == 8;
    for (let s: u32 = 0; s < strips; s++) {
      const row = firstRow + (s << 2);
      const high = min<u32>(4, rows - row);
      const to = at(c + <usize>row * cRow, j);
      if (begins) beginTile(to, cRow, high, at(bias, j));
      tile(to, cRow, scratch + ((<usize>s * depth) << 4), panel, depth, accumulate || begins, high, cols);
      if (finishes && !begins) finishTile(to, cRow, high, cols, bias ? at(bias, j) : 0, activation, slope);
    }
  }
}

/** Interleaves four runs of `count` elements: out[4 i + r] = run r [i]. */
export function interleave(out: usize, r0: usize, r1: usize, r2: usize, r3: usize, count: u32): void {
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) {
    storeTransposed(out, 16, v128.load(at(r0, i)), v128.load(at(r1, i)), v128.load(at(r2, i)), v128.load(at(r3, i)));
    out += 64;
  }
  for (; i < count; i++) {
    f32.store(out, f32.load(at(r0, i)));
    f32.store(out, f32.load(at(r1, i)), 4);
    f32.store(out, f32.load(at(r2, i)), 8);
    f32.store(out, f32.load(at(r3, i)), 12);
    out += 16;
  }
}

/** Packs rows row … row + 3 of A, columns k0 … k0 + depth; rows past the last repeat the last (their results are not stored). */
export function packStrip(out: usize, a: usize, row: u32, m: u32, k0: u32, depth: u32, aRow: u32, aColumn: u32): void {
  if (aRow == 1 && row + 4 <= m) {
    let p = at(a, row + k0 * aColumn);
    const step = <usize>aColumn << 2;
    for (let l: u32 = 0; l < depth; l++, p += step, out += 16) v128.store(out, v128.load(p));
    return;
  }
  const last = m - 1;
  const base = at(a, k0 * aColumn);
  const r0 = at(base, row * aRow);
  const r1 = at(base, min(row + 1, last) * aRow);
  const r2 = at(base, min(row + 2, last) * aRow);
  const r3 = at(base, min(row + 3, last) * aRow);
  if (aColumn == 1) return interleave(out, r0, r1, r2, r3, depth);
  for (let l: u32 = 0; l < depth; l++, out += 16) {
    const offset = <usize>(l * aColumn) << 2;
    f32.store(out, f32.load(r0 + offset));
    f32.store(out, f32.load(r1 + offset), 4);
    f32.store(out, f32.load(r2 + offset), 8);
    f32.store(out, f32.load(r3 + offset), 12);
  }
}

/** Products of `m`-row matrices one after another: a unit is a strip of one of them. */
export function gemmBatched(
  c: usize, a: usize, packed: usize, scratch: usize, m: u32, n: u32, k: u32, aRow: u32, aColumn: u32, aBatch: u32, start: u32, end: u32,
): void {
  const strips = (m + 3) >> 2;
  const packedBytes = <usize>(((n + 7) >> 3) * k) << 5;
  for (let unit = start; unit < end; ) {
    const batch = unit / strips;
    const first = unit - batch * strips;
    const last = min(strips, first + (end - unit));
    gemm(
      at(c, batch * m * n), at(a, batch * aBatch), packed + <usize>batch * packedBytes, 0, scratch, m, n, k, aRow, aColumn, n, 0, 0, 0, first, last,
    );
    unit += last - first;
  }
}

export function gemm(
  c: usize, a: usize, packed: usize, bias: usize, scratch: usize, m: u32, n: u32, k: u32, aRow: u32, aColumn: u32, cRow: u32,
  accumulate: u32, activation: u32, slope: f32, start: u32, end: u32,
): void {
  const rowBytes = <usize>cRow << 2;
  for (let first = start; first < end; first += stripsAtOnce) {
    const strips = min(stripsAtOnce, end - first);
    const row = first << 2;
    let k0: u32 = 0;
    do {
      const depth = min(blockDepth, k - k0);
      for (let s: u32 = 0; s < strips; s++)
        packStrip(scratch + ((<usize>s * depth) << 4), a, row + (s << 2), m, k0, depth, aRow, aColumn);
      multiplyBlock(
        c, rowBytes, scratch, packed, row, m, strips, n, k, k0, depth, k0 > 0 || accumulate != 0, bias, activation, slope,
      );
      k0 += blockDepth;
    } while (k0 < k);
  }
}
