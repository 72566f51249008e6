import { activate4 } from "./activations";
import { add, at, div, load4, madd, map1, mul, splat, store4, sub } from "./vector";

/** Rows that are summed in f32 before the sum is added to an f64 total. */
const rowsAtOnce: u32 = 64;

/** Two f64 pairs as four f32 lanes. */
// @ts-ignore: decorator
@inline
function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

// @ts-ignore: decorator
@inline
function upper(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1));
}

// @ts-ignore: decorator
@inline
function statisticsAt(
  mean: usize, variance: usize, inverse: usize, x: usize, rows: u32, columns: u32, epsilon: f64, j: u32, whole: bool,
): void {
  const count = f64x2.splat(<f64>rows);
  const step = <usize>columns << 2;
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let p = at(x, j);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const last = min(rows, i + rowsAtOnce);
    let part = splat(0);
    for (let r = i; r < last; r++, p += step) part = add(part, load4(p, whole));
    low = f64x2.add(low, f64x2.promote_low_f32x4(part));
    high = f64x2.add(high, upper(part));
  }
  const centre = narrow(f64x2.div(low, count), f64x2.div(high, count));
  let low2 = f64x2.splat(0);
  let high2 = f64x2.splat(0);
  p = at(x, j);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const last = min(rows, i + rowsAtOnce);
    let part = splat(0);
    for (let r = i; r < last; r++, p += step) {
      const d = sub(load4(p, whole), centre);
      part = madd(d, d, part);
    }
    low2 = f64x2.add(low2, f64x2.promote_low_f32x4(part));
    high2 = f64x2.add(high2, upper(part));
  }
  const spreadLow = f64x2.div(low2, count);
  const spreadHigh = f64x2.div(high2, count);
  const small = f64x2.splat(epsilon);
  const one = f64x2.splat(1);
  const inverseLow = f64x2.div(one, f64x2.sqrt(f64x2.add(spreadLow, small)));
  const inverseHigh = f64x2.div(one, f64x2.sqrt(f64x2.add(spreadHigh, small)));
  store4(at(mean, j), centre, whole);
  store4(at(variance, j), narrow(spreadLow, spreadHigh), whole);
  store4(at(inverse, j), narrow(inverseLow, inverseHigh), whole);
}

export function batchNormStatistics(
  mean: usize, variance: usize, inverse: usize, x: usize, rows: u32, columns: u32, epsilon: f64, start: u32, end: u32,
): void {
  let j = start;
  for (; j + 4 <= end; j += 4) statisticsAt(mean, variance, inverse, x, rows, columns, epsilon, j, true);
  for (; j < end; j++) statisticsAt(mean, variance, inverse, x, rows, columns, epsilon, j, false);
}

@unmanaged class InverseDeviation {
  @inline of(v: v128, epsilon: v128): v128 { return div(splat(1), f32x4.sqrt(add(v, epsilon))); }
}

export function inverseDeviation(out: usize, variance: usize, epsilon: f64, start: u32, end: u32): void {
  map1<InverseDeviation>(out, variance, splat(<f32>epsilon), start, end);
}

// @ts-ignore: decorator
@inline
function normalise(
  out: usize, x: usize, mean: usize, inverse: usize, gamma: usize, beta: usize, j: u32, activation: u32, slope: v128, whole: bool,
): void {
  const z = mul(sub(load4(at(x, j), whole), load4(at(mean, j), whole)), load4(at(inverse, j), whole));
  const y = madd(load4(at(gamma, j), whole), z, load4(at(beta, j), whole));
  if (activation == 1) store4(at(out, j), f32x4.max(y, splat(0)), whole);
  else store4(at(out, j), activation ? activate4(y, activation, slope) : y, whole);
}

export function batchNorm(
  out: usize, x: usize, mean: usize, inverse: usize, gamma: usize, beta: usize, columns: u32, activation: u32, slope: f32,
  start: u32, end: u32,
): void {
  const s = splat(slope);
  for (let i = start; i < end; i++) {
    const from = at(x, i * columns);
    const to = at(out, i * columns);
    let j: u32 = 0;
    for (; j + 4 <= columns; j += 4) normalise(to, from, mean, inverse, gamma, beta, j, activation, s, true);
    for (; j < columns; j++) normalise(to, from, mean, inverse, gamma, beta, j, activation, s, false);
  }
}

// @ts-ignore: decorator
@inline
function parameterGradAt(
  dgamma: usize, dbeta: usize, dy: usize, x: usize, mean: usize, inverse: usize, rows: u32, columns: u32, j: u32, whole: bool,
): void {
  const centre = load4(at(mean, j), whole);
  const spread = load4(at(inverse, j), whole);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let lowZ = f64x2.splat(0);
  let highZ = f64x2.splat(0);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const last = min(rows, i + rowsAtOnce);
    let part = splat(0);
    let partZ = splat(0);
    for (let r = i; r < last; r++) {
      const g = load4(at(dy, r * columns + j), whole);
      part = add(part, g);
      partZ = madd(g, mul(sub(load4(at(x, r * columns + j), whole), centre), spread), partZ);
    }
    low = f64x2.add(low, f64x2.promote_low_f32x4(part));
    high = f64x2.add(high, upper(part));
    lowZ = f64x2.add(lowZ, f64x2.promote_low_f32x4(partZ));
    highZ = f64x2.add(highZ, upper(partZ));
  }
  store4(at(dgamma, j), narrow(lowZ, highZ), whole);
  store4(at(dbeta, j), narrow(low, high), whole);
}

export function batchNormParameterGrad(
  dgamma: usize, dbeta: usize, dy: usize, x: usize, mean: usize, inverse: usize, rows: u32, columns: u32, start: u32, end: u32,
): void {
  let j = start;
  for (; j + 4 <= end; j += 4) parameterGradAt(dgamma, dbeta, dy, x, mean, inverse, rows, columns, j, true);
  for (; j < end; j++) parameterGradAt(dgamma, dbeta, dy, x, mean, inverse, rows, columns, j, false);
}

// @ts-ignore: decorator
@inline
function inputGrad(
  dx: usize, dy: usize, x: usize, mean: usize, inverse: usize, gamma: usize, dgamma: usize, dbeta: usize, share: v128, j: u32, whole: bool,
): void {
  const spread = load4(at(inverse, j), whole);
  const z = mul(sub(load4(at(x, j), whole), load4(at(mean, j), whole)), spread);
  const common = mul(share, madd(z, load4(at(dgamma, j), whole), load4(at(dbeta, j), whole)));
  const value = mul(mul(load4(at(gamma, j), whole), spread), sub(load4(at(dy, j), whole), common));
  store4(at(dx, j), value, whole);
}

export function batchNormInputGrad(
  dx: usize, dy: usize, x: usize, mean: usize, inverse: usize, gamma: usize, dgamma: usize, dbeta: usize, rows: u32, columns: u32,
  start: u32, end: u32,
): void {
  const share = splat(<f32>(1 / <f64>rows));
  for (let i = start; i < end; i++) {
    const from = at(x, i * columns);
    const g = at(dy, i * columns);
    const to = at(dx, i * columns);
    let j: u32 = 0;
    for (; j + 4 <= columns; j += 4) inputGrad(to, g, from, mean, inverse, gamma, dgamma, dbeta, share, j, true);
    for (; j < columns; j++) inputGrad(to, g, from, mean, inverse, gamma, dgamma, dbeta, share, j, false);
  }
}

export function batchNormFrozenInputGrad(dx: usize, dy: usize, inverse: usize, gamma: usize, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++)
    for (let j: u32 = 0; j < columns; ) {
      const whole = j + 4 <= columns;
      const e = i * columns + j;
      store4(at(dx, e), mul(mul(load4(at(gamma, j), whole), load4(at(inverse, j), whole)), load4(at(dy, e), whole)), whole);
      j += whole ? 4 : 1;
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
