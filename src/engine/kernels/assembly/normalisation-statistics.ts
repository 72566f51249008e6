import { add, at, load4, madd, splat, store4, sub } from "./vector";

/** Rows that are summed in f32 before the sum is added to an f64 total. */
export const rowsAtOnce: u32 = 64;

/** Two f64 pairs as four f32 lanes. */
// @ts-ignore: decorator
@inline
export function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

// @ts-ignore: decorator
@inline
export function addLower(total: v128, part: v128): v128 {
  return f64x2.add(total, f64x2.promote_low_f32x4(part));
}

// @ts-ignore: decorator
@inline
export function addUpper(total: v128, part: v128): v128 {
  return f64x2.add(total, f64x2.promote_low_f32x4(v128.shuffle<f32>(part, part, 2, 3, 0, 1)));
}

// @ts-ignore: decorator
@inline
function meanOf(low: v128, high: v128, rows: u32): v128 {
  const count = f64x2.splat(<f64>rows);
  return narrow(f64x2.div(low, count), f64x2.div(high, count));
}

/** Stores variance and inverse of four columns, or of one, from the sums of squared deviations. */
// @ts-ignore: decorator
@inline
function storeSpread(variance: usize, inverse: usize, low: v128, high: v128, rows: u32, epsilon: f64, whole: bool): void {
  const count = f64x2.splat(<f64>rows);
  const small = f64x2.splat(epsilon);
  const one = f64x2.splat(1);
  const spreadLow = f64x2.div(low, count);
  const spreadHigh = f64x2.div(high, count);
  const inverseLow = f64x2.div(one, f64x2.sqrt(f64x2.add(spreadLow, small)));
  const inverseHigh = f64x2.div(one, f64x2.sqrt(f64x2.add(spreadHigh, small)));
  store4(variance, narrow(spreadLow, spreadHigh), whole);
  store4(inverse, narrow(inverseLow, inverseHigh), whole);
}

// @ts-ignore: decorator
@inline
function statisticsAt(
  mean: usize, variance: usize, inverse: usize, x: usize, rows: u32, columns: u32, epsilon: f64, j: u32, whole: bool,
): void {
  const step = <usize>columns << 2;
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let p = at(x, j);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const last = min(rows, i + rowsAtOnce);
    let part = splat(0);
    for (let r = i; r < last; r++, p += step) part = add(part, load4(p, whole));
    low = addLower(low, part);
    high = addUpper(high, part);
  }
  const centre = meanOf(low, high, rows);
  low = f64x2.splat(0);
  high = f64x2.splat(0);
  p = at(x, j);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const last = min(rows, i + rowsAtOnce);
    let part = splat(0);
    for (let r = i; r < last; r++, p += step) {
      const d = sub(load4(p, whole), centre);
      part = madd(d, d, part);
    }
    low = addLower(low, part);
    high = addUpper(high, part);
  }
  store4(at(mean, j), centre, whole);
  storeSpread(at(variance, j), at(inverse, j), low, high, rows, epsilon, whole);
}

/** statisticsAt of sixteen columns: four chains of additions side by side instead of one that waits for itself. The same bits. */
function statisticsOf16(mean: usize, variance: usize, inverse: usize, x: usize, rows: u32, columns: u32, epsilon: f64, j: u32): void {
  const step = <usize>columns << 2;
  const zero = f64x2.splat(0);
  let low0 = zero, low1 = zero, low2 = zero, low3 = zero;
  let high0 = zero, high1 = zero, high2 = zero, high3 = zero;
  let p = at(x, j);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const stop = p + <usize>(min(rows, i + rowsAtOnce) - i) * step;
    let s0 = splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; p < stop; p += step) {
      s0 = add(s0, v128.load(p));
      s1 = add(s1, v128.load(p, 16));
      s2 = add(s2, v128.load(p, 32));
      s3 = add(s3, v128.load(p, 48));
    }
    low0 = addLower(low0, s0); high0 = addUpper(high0, s0);
    low1 = addLower(low1, s1); high1 = addUpper(high1, s1);
    low2 = addLower(low2, s2); high2 = addUpper(high2, s2);
    low3 = addLower(low3, s3); high3 = addUpper(high3, s3);
  }
  const c0 = meanOf(low0, high0, rows), c1 = meanOf(low1, high1, rows), c2 = meanOf(low2, high2, rows), c3 = meanOf(low3, high3, rows);
  low0 = low1 = low2 = low3 = high0 = high1 = high2 = high3 = zero;
  p = at(x, j);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const stop = p + <usize>(min(rows, i + rowsAtOnce) - i) * step;
    let s0 = splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; p < stop; p += step) {
      const d0 = sub(v128.load(p), c0);
      s0 = madd(d0, d0, s0);
      const d1 = sub(v128.load(p, 16), c1);
      s1 = madd(d1, d1, s1);
      const d2 = sub(v128.load(p, 32), c2);
      s2 = madd(d2, d2, s2);
      const d3 = sub(v128.load(p, 48), c3);
      s3 = madd(d3, d3, s3);
    }
    low0 = addLower(low0, s0); high0 = addUpper(high0, s0);
    low1 = addLower(low1, s1); high1 = addUpper(high1, s1);
    low2 = addLower(low2, s2); high2 = addUpper(high2, s2);
    low3 = addLower(low3, s3); high3 = addUpper(high3, s3);
  }
  const m = at(mean, j), v = at(variance, j), n = at(inverse, j);
  v128.store(m, c0);
  v128.store(m, c1, 16);
  v128.store(m, c2, 32);
  v128.store(m, c3, 48);
  storeSpread(v, n, low0, high0, rows, epsilon, true);
  storeSpread(v + 16, n + 16, low1, high1, rows, epsilon, true);
  storeSpread(v + 32, n + 32, low2, high2, rows, epsilon, true);
  storeSpread(v + 48, n + 48, low3, high3, rows, epsilon, true);
}

export function batchNormStatistics(
  mean: usize, variance: usize, inverse: usize, x: usize, rows: u32, columns: u32, epsilon: f64, start: u32, end: u32,
): void {
  let j = start;
  for (; j + 16 <= end; j += 16) statisticsOf16(mean, variance, inverse, x, rows, columns, epsilon, j);
  for (; j + 4 <= end; j += 4) statisticsAt(mean, variance, inverse, x, rows, columns, epsilon, j, true);
  for (; j < end; j++) statisticsAt(mean, variance, inverse, x, rows, columns, epsilon, j, false);
}
