// How a computed tile meets memory: whole or narrow rows, bias and activation.

import { activate4 } from "./activations";
import { add, atLeast } from "./vector";

/** The first `count` (0 … 4) of four elements. */
// @ts-ignore: decorator
@inline
function loadLanes(p: usize, count: i32): v128 {
  if (count >= 4) return v128.load(p);
  if (count == 3) return f32x4.replace_lane(v128.load64_zero(p), 2, f32.load(p, 8));
  if (count == 2) return v128.load64_zero(p);
  return count == 1 ? v128.load32_zero(p) : f32x4.splat(0);
}

// @ts-ignore: decorator
@inline
function storeLanes(p: usize, v: v128, count: i32): void {
  if (count >= 4) return v128.store(p, v);
  if (count >= 2) v128.store64_lane(p, v, 0);
  if (count == 3) v128.store32_lane(p, v, 2, 8);
  if (count == 1) v128.store32_lane(p, v, 0);
}

/** One row of a tile narrower than 8: as the whole tile's rows, but lane by lane where it meets memory. */
export function storeEdge(c: usize, low: v128, high: v128, cols: i32, accumulate: bool): void {
  storeLanes(c, accumulate ? add(loadLanes(c, cols), low) : low, cols);
  storeLanes(c + 16, accumulate ? add(loadLanes(c + 16, cols - 4), high) : high, cols - 4);
}

// @ts-ignore: decorator
@inline
export function storeRow(c: usize, low: v128, high: v128, accumulate: bool): void {
  v128.store(c, accumulate ? add(v128.load(c), low) : low);
  v128.store(c, accumulate ? add(v128.load(c, 16), high) : high, 16);
}

// @ts-ignore: decorator
@inline
function activated(v: v128, activation: u32, slope: v128): v128 {
  return activation <= 1 ? (activation ? atLeast(v, f32x4.splat(0)) : v) : activate4(v, activation, slope);
}

/**
 * Bias (0: none) and activation of a tile that was just stored. Not part of `tile`: what a function keeps alive across its loop costs the loop registers
 * (measured: 5 % at 512³).
 */
export function finishTile(c: usize, cRow: usize, rows: u32, cols: i32, bias: usize, activation: u32, slope: f32): void {
  const s = f32x4.splat(slope);
  const b0 = bias ? loadLanes(bias, cols) : f32x4.splat(0);
  const b1 = bias ? loadLanes(bias + 16, cols - 4) : b0;
  for (let r: u32 = 0; r < rows; r++, c += cRow) {
    if (cols == 8) {
      const low = v128.load(c);
      const high = v128.load(c, 16);
      v128.store(c, activated(bias ? add(low, b0) : low, activation, s));
      v128.store(c, activated(bias ? add(high, b1) : high, activation, s), 16);
      continue;
    }
    const low = loadLanes(c, cols);
    const high = loadLanes(c + 16, cols - 4);
    storeLanes(c, activated(bias ? add(low, b0) : low, activation, s), cols);
    if (cols > 4) storeLanes(c + 16, activated(bias ? add(high, b1) : high, activation, s), cols - 4);
  }
}
