import { activate4 } from "./activations";
import { add, at, atLeast, div, load4, madd, map1, mul, splat, store4, sub } from "./vector";

@unmanaged class InverseDeviation {
  @inline of(v: v128, epsilon: v128): v128 { return div(splat(1), f32x4.sqrt(add(v, epsilon))); }
}

export function inverseDeviation(out: usize, variance: usize, epsilon: f64, start: u32, end: u32): void {
  map1<InverseDeviation>(out, variance, splat(<f32>epsilon), start, end);
}

/** Some rows of four columns, or of one, with what belongs to the columns loaded once. `simple`: the activation is identity or ReLU. */
// @ts-ignore: decorator
@inline
function normaliseAt(
  out: usize, x: usize, mean: usize, inverse: usize, gamma: usize, beta: usize, columns: u32, activation: u32, slope: v128,
  first: u32, last: u32, j: u32, simple: bool, whole: bool,
): void {
  const centre = load4(at(mean, j), whole);
  const spread = load4(at(inverse, j), whole);
  const factor = load4(at(gamma, j), whole);
  const level = load4(at(beta, j), whole);
  // Without a ReLU, nothing is cut off: the maximum with −∞. (A NaN stays one.)
  const floor = splat(activation ? 0 : -Infinity);
  const step = <usize>columns << 2;
  const stop = at(0, last * columns + j);
  for (let e = at(0, first * columns + j); e < stop; e += step) {
    const y = madd(factor, mul(sub(load4(x + e, whole), centre), spread), level);
    store4(out + e, simple ? atLeast(y, floor) : activate4(y, activation, slope), whole);
  }
}

/** normaliseAt of eight columns: half the loop's own work. The same bits. */
function normalise8(
  out: usize, x: usize, mean: usize, inverse: usize, gamma: usize, beta: usize, columns: u32, relu: bool, first: u32, last: u32, j: u32,
): void {
  const centre0 = v128.load(at(mean, j)), centre1 = v128.load(at(mean, j), 16);
  const spread0 = v128.load(at(inverse, j)), spread1 = v128.load(at(inverse, j), 16);
  const factor0 = v128.load(at(gamma, j)), factor1 = v128.load(at(gamma, j), 16);
  const level0 = v128.load(at(beta, j)), level1 = v128.load(at(beta, j), 16);
  const floor = splat(relu ? 0 : -Infinity);
  const step = <usize>columns << 2;
  const stop = at(x, last * columns + j);
  let to = at(out, first * columns + j);
  for (let from = at(x, first * columns + j); from < stop; from += step, to += step) {
    const low = madd(factor0, mul(sub(v128.load(from), centre0), spread0), level0);
    const high = madd(factor1, mul(sub(v128.load(from, 16), centre1), spread1), level1);
    v128.store(to, atLeast(low, floor));
    v128.store(to, atLeast(high, floor), 16);
  }
}

/** Rows that are worked on together: they stay in the first-level cache while the columns pass by. */
const rowsInCache: u32 = 8;

export function batchNorm(
  out: usize, x: usize, mean: usize, inverse: usize, gamma: usize, beta: usize, columns: u32, activation: u32, slope: f32,
  start: u32, end: u32,
): void {
  const s = splat(slope);
  for (let i = start; i < end; i += rowsInCache) {
    const last = min(end, i + rowsInCache);
    let j: u32 = 0;
    if (activation <= 1) {
      for (; j + 8 <= columns; j += 8) normalise8(out, x, mean, inverse, gamma, beta, columns, activation == 1, i, last, j);
      for (; j + 4 <= columns; j += 4) normaliseAt(out, x, mean, inverse, gamma, beta, columns, activation, s, i, last, j, true, true);
      for (; j < columns; j++) normaliseAt(out, x, mean, inverse, gamma, beta, columns, activation, s, i, last, j, true, false);
      continue;
    }
    for (; j + 4 <= columns; j += 4) normaliseAt(out, x, mean, inverse, gamma, beta, columns, activation, s, i, last, j, false, true);
    for (; j < columns; j++) normaliseAt(out, x, mean, inverse, gamma, beta, columns, activation, s, i, last, j, false, false);
  }
}

export function runningAverage(running: usize, batch: usize, momentum: f64, factor: f64, start: u32, end: u32): void {
  const keep = splat(<f32>(1 - momentum));
  const take = splat(<f32>(momentum * factor));
  for (let j = start; j < end; ) {
    const whole = j + 4 <= end;
    store4(at(running, j), madd(keep, load4(at(running, j), whole), mul(take, load4(at(batch, j), whole))), whole);
    j += whole ? 4 : 1;
  }
}
