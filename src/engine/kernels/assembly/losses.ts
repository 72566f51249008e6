import { weightOf } from "./cross-entropy";
import { exp4, log1p4, sigmoid4 } from "./math";
import { add, at, atLeast, atMost, load4, madd, mul, select4, splat, store4, sub, sumLanes } from "./vector";

/** Lane 0 alone where only one element is wanted, so that a tail adds what it should. */
// @ts-ignore: decorator
@inline
function wanted(v: v128, whole: bool): v128 {
  return whole ? v : v128.and(v, i32x4(-1, 0, 0, 0));
}

export function labelWeightScale(
  out: usize, labels: usize, classWeights: usize, rowWeights: usize, rows: u32, classes: u32, start: u32, end: u32,
): void {
  if (start >= end) return;
  let total: f64 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const label = load<u32>(at(labels, i));
    if (label < classes) total += <f64>(classWeights ? f32.load(at(classWeights, label)) : 1) * <f64>weightOf(rowWeights, i);
  }
  f64.store(out, total == 0 ? 0 : 1 / total);
}

export function binaryCrossEntropy(
  loss: usize, dx: usize, x: usize, targets: usize, positiveWeights: usize, columnWeights: usize, rowWeights: usize, scale: usize,
  columns: u32, smoothing: f64, start: u32, end: u32,
): void {
  const keep = splat(<f32>(1 - smoothing));
  const blur = splat(<f32>(0.5 * smoothing));
  const one = splat(1);
  const zero = splat(0);
  for (let i = start; i < end; i++) {
    const weight = weightOf(rowWeights, i);
    const factor = splat(<f32>f64.load(scale) * weight);
    let total = splat(0);
    for (let j: u32 = 0; j < columns; ) {
      const whole = j + 4 <= columns;
      const e = i * columns + j;
      const z = load4(at(x, e), whole);
      const t = madd(keep, load4(at(targets, e), whole), blur);
      const p = positiveWeights ? madd(sub(load4(at(positiveWeights, j), whole), one), t, one) : one;
      const v = columnWeights ? load4(at(columnWeights, j), whole) : one;
      const negative = sub(one, t);
      // (1 − t) z + p softplus(−z), by the side of z on which it does not cancel.
      const tail = log1p4(exp4(f32x4.neg(f32x4.abs(z))));
      const linear = select4(f32x4.lt(z, zero), mul(sub(negative, p), z), mul(negative, z));
      total = add(total, wanted(mul(v, madd(p, tail, linear)), whole));
      if (dx) store4(at(dx, e), mul(factor, mul(v, sub(negative, mul(p, sigmoid4(f32x4.neg(z)))))), whole);
      j += whole ? 4 : 1;
    }
    f32.store(at(loss, i), weight * sumLanes(total));
  }
}

// The losses of one element: value and derivative by x.
@unmanaged class Squared {
  @inline value(x: v128, t: v128, p: v128): v128 { const d = sub(x, t); return mul(d, d); }
  @inline derivative(x: v128, t: v128, p: v128): v128 { const d = sub(x, t); return add(d, d); }
}
@unmanaged class Absolute {
  @inline value(x: v128, t: v128, p: v128): v128 { return f32x4.abs(sub(x, t)); }
  @inline derivative(x: v128, t: v128, p: v128): v128 {
    return sub(v128.and(f32x4.gt(x, t), splat(1)), v128.and(f32x4.lt(x, t), splat(1)));
  }
}
@unmanaged class Huber {
  @inline value(x: v128, t: v128, p: v128): v128 {
    const size = f32x4.abs(sub(x, t));
    const inner = mul(mul(splat(0.5), size), size);
    return select4(f32x4.le(size, p), inner, mul(p, sub(size, mul(splat(0.5), p))));
  }
  @inline derivative(x: v128, t: v128, p: v128): v128 {
    return atLeast(atMost(sub(x, t), p), f32x4.neg(p));
  }
}
@unmanaged class Poisson {
  @inline value(x: v128, t: v128, p: v128): v128 { return sub(exp4(x), mul(t, x)); }
  @inline derivative(x: v128, t: v128, p: v128): v128 { return sub(exp4(x), t); }
}

function regression<T>(
  loss: usize, dx: usize, x: usize, targets: usize, rowWeights: usize, scale: usize, columns: u32, p: v128, start: u32, end: u32,
): void {
  const f = changetype<T>(0);
  for (let i = start; i < end; i++) {
    const weight = weightOf(rowWeights, i);
    const factor = splat(<f32>f64.load(scale) * weight);
    let total = splat(0);
    for (let j: u32 = 0; j < columns; ) {
      const whole = j + 4 <= columns;
      const e = i * columns + j;
      const v = load4(at(x, e), whole);
      const t = load4(at(targets, e), whole);
      total = add(total, wanted(f.value(v, t, p), whole));
      if (dx) store4(at(dx, e), mul(factor, f.derivative(v, t, p)), whole);
      j += whole ? 4 : 1;
    }
    f32.store(at(loss, i), weight * sumLanes(total));
  }
}

export function squaredError(
  loss: usize, dx: usize, x: usize, targets: usize, rowWeights: usize, scale: usize, columns: u32, start: u32, end: u32,
): void {
  regression<Squared>(loss, dx, x, targets, rowWeights, scale, columns, splat(0), start, end);
}
export function absoluteError(
  loss: usize, dx: usize, x: usize, targets: usize, rowWeights: usize, scale: usize, columns: u32, start: u32, end: u32,
): void {
  regression<Absolute>(loss, dx, x, targets, rowWeights, scale, columns, splat(0), start, end);
}
export function huber(
  loss: usize, dx: usize, x: usize, targets: usize, rowWeights: usize, scale: usize, columns: u32, delta: f32, start: u32, end: u32,
): void {
  regression<Huber>(loss, dx, x, targets, rowWeights, scale, columns, splat(delta), start, end);
}
export function poisson(
  loss: usize, dx: usize, x: usize, targets: usize, rowWeights: usize, scale: usize, columns: u32, start: u32, end: u32,
): void {
  regression<Poisson>(loss, dx, x, targets, rowWeights, scale, columns, splat(0), start, end);
}

export function gaussian(
  loss: usize, dx: usize, x: usize, targets: usize, rowWeights: usize, scale: usize, columns: u32, start: u32, end: u32,
): void {
  const half = splat(0.5);
  for (let i = start; i < end; i++) {
    const weight = weightOf(rowWeights, i);
    const factor = splat(<f32>f64.load(scale) * weight);
    let total = splat(0);
    for (let j: u32 = 0; j < columns; ) {
      const whole = j + 4 <= columns;
      const atMean = 2 * i * columns + j;
      const s = load4(at(x, atMean + columns), whole);
      const d = sub(load4(at(x, atMean), whole), load4(at(targets, i * columns + j), whole));
      const precision = exp4(f32x4.neg(s));
      const square = mul(mul(d, d), precision);
      total = add(total, wanted(mul(half, add(s, square)), whole));
      if (dx) {
        store4(at(dx, atMean), mul(factor, mul(d, precision)), whole);
        store4(at(dx, atMean + columns), mul(factor, mul(half, sub(splat(1), square))), whole);
      }
      j += whole ? 4 : 1;
    }
    f32.store(at(loss, i), weight * sumLanes(total));
  }
}
