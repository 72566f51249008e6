import { addLower, addUpper, narrow, rowsAtOnce } from "./normalisation-statistics";
import { add, at, load4, madd, mul, splat, store4, sub } from "./vector";

/** dy, and where a ReLU with output y followed (masked), 0 wherever y is not above 0. */
// @ts-ignore: decorator
@inline
function incoming(dy: usize, y: usize, masked: bool, whole: bool): v128 {
  const g = load4(dy, whole);
  return masked ? v128.and(g, f32x4.gt(load4(y, whole), splat(0))) : g;
}

// @ts-ignore: decorator
@inline
function parameterGradAt(
  dgamma: usize, dbeta: usize, dy: usize, y: usize, x: usize, mean: usize, inverse: usize, rows: u32, columns: u32, j: u32, masked: bool, whole: bool,
): void {
  const centre = load4(at(mean, j), whole);
  const zero = f64x2.splat(0);
  let low = zero, high = zero, lowZ = zero, highZ = zero;
  let e: usize = 0;
  const step = <usize>columns << 2;
  const g0 = at(dy, j), y0 = at(y, j), x0 = at(x, j);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const stop = e + <usize>(min(rows, i + rowsAtOnce) - i) * step;
    let part = splat(0);
    let partZ = splat(0);
    for (; e < stop; e += step) {
      const g = incoming(g0 + e, y0 + e, masked, whole);
      part = add(part, g);
      partZ = madd(g, sub(load4(x0 + e, whole), centre), partZ);
    }
    low = addLower(low, part);
    high = addUpper(high, part);
    lowZ = addLower(lowZ, partZ);
    highZ = addUpper(highZ, partZ);
  }
  store4(at(dgamma, j), mul(narrow(lowZ, highZ), load4(at(inverse, j), whole)), whole);
  store4(at(dbeta, j), narrow(low, high), whole);
}

/** parameterGradAt of eight columns: four chains of additions side by side. The same bits. */
// @ts-ignore: decorator
@inline
function parameterGradOf8(
  dgamma: usize, dbeta: usize, dy: usize, y: usize, x: usize, mean: usize, inverse: usize, rows: u32, columns: u32, j: u32, masked: bool,
): void {
  const centre0 = v128.load(at(mean, j));
  const centre1 = v128.load(at(mean, j), 16);
  const zero = f64x2.splat(0);
  let low0 = zero, high0 = zero, lowZ0 = zero, highZ0 = zero;
  let low1 = zero, high1 = zero, lowZ1 = zero, highZ1 = zero;
  let e: usize = 0;
  const step = <usize>columns << 2;
  const g0 = at(dy, j), y0 = at(y, j), x0 = at(x, j);
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const stop = e + <usize>(min(rows, i + rowsAtOnce) - i) * step;
    let part0 = splat(0), part1 = part0, partZ0 = part0, partZ1 = part0;
    for (; e < stop; e += step) {
      const a = incoming(g0 + e, y0 + e, masked, true);
      part0 = add(part0, a);
      partZ0 = madd(a, sub(v128.load(x0 + e), centre0), partZ0);
      const b = incoming(g0 + e + 16, y0 + e + 16, masked, true);
      part1 = add(part1, b);
      partZ1 = madd(b, sub(v128.load(x0 + e, 16), centre1), partZ1);
    }
    low0 = addLower(low0, part0); high0 = addUpper(high0, part0);
    low1 = addLower(low1, part1); high1 = addUpper(high1, part1);
    lowZ0 = addLower(lowZ0, partZ0); highZ0 = addUpper(highZ0, partZ0);
    lowZ1 = addLower(lowZ1, partZ1); highZ1 = addUpper(highZ1, partZ1);
  }
  v128.store(at(dgamma, j), mul(narrow(lowZ0, highZ0), v128.load(at(inverse, j))));
  v128.store(at(dgamma, j), mul(narrow(lowZ1, highZ1), v128.load(at(inverse, j), 16)), 16);
  v128.store(at(dbeta, j), narrow(low0, high0));
  v128.store(at(dbeta, j), narrow(low1, high1), 16);
}

// @ts-ignore: decorator
@inline
function parameterGradOfColumns(
  dgamma: usize, dbeta: usize, dy: usize, y: usize, x: usize, mean: usize, inverse: usize, rows: u32, columns: u32, start: u32, end: u32, masked: bool,
): void {
  let j = start;
  for (; j + 8 <= end; j += 8) parameterGradOf8(dgamma, dbeta, dy, y, x, mean, inverse, rows, columns, j, masked);
  for (; j + 4 <= end; j += 4) parameterGradAt(dgamma, dbeta, dy, y, x, mean, inverse, rows, columns, j, masked, true);
  for (; j < end; j++) parameterGradAt(dgamma, dbeta, dy, y, x, mean, inverse, rows, columns, j, masked, false);
}

export function batchNormParameterGrad(
  dgamma: usize, dbeta: usize, dy: usize, y: usize, x: usize, mean: usize, inverse: usize, rows: u32, columns: u32, start: u32, end: u32,
): void {
  if (y) parameterGradOfColumns(dgamma, dbeta, dy, y, x, mean, inverse, rows, columns, start, end, true);
  else parameterGradOfColumns(dgamma, dbeta, dy, 0, x, mean, inverse, rows, columns, start, end, false);
}

/** Some rows of four columns, or of one, with what belongs to the columns loaded once. */
// @ts-ignore: decorator
@inline
function inputGradAt(
  dx: usize, dy: usize, y: usize, x: usize, mean: usize, inverse: usize, gamma: usize, dgamma: usize, dbeta: usize, share: v128,
  columns: u32, first: u32, last: u32, j: u32, masked: bool, whole: bool,
): void {
  const centre = load4(at(mean, j), whole);
  const spread = load4(at(inverse, j), whole);
  const factor = mul(load4(at(gamma, j), whole), spread);
  const slope = mul(mul(share, load4(at(dgamma, j), whole)), spread);
  const level = mul(share, load4(at(dbeta, j), whole));
  const step = <usize>columns << 2;
  const stop = at(0, last * columns + j);
  for (let e = at(0, first * columns + j); e < stop; e += step) {
    const common = madd(sub(load4(x + e, whole), centre), slope, level);
    store4(dx + e, mul(factor, sub(incoming(dy + e, y + e, masked, whole), common)), whole);
  }
}

/** inputGradAt of eight columns: half the loop's own work. The same bits. */
// @ts-ignore: decorator
@inline
function inputGradOf8(
  dx: usize, dy: usize, y: usize, x: usize, mean: usize, inverse: usize, gamma: usize, dgamma: usize, dbeta: usize, share: v128,
  columns: u32, first: u32, last: u32, j: u32, masked: bool,
): void {
  const centre0 = v128.load(at(mean, j)), centre1 = v128.load(at(mean, j), 16);
  const spread0 = v128.load(at(inverse, j)), spread1 = v128.load(at(inverse, j), 16);
  const factor0 = mul(v128.load(at(gamma, j)), spread0), factor1 = mul(v128.load(at(gamma, j), 16), spread1);
  const slope0 = mul(mul(share, v128.load(at(dgamma, j))), spread0), slope1 = mul(mul(share, v128.load(at(dgamma, j), 16)), spread1);
  const level0 = mul(share, v128.load(at(dbeta, j))), level1 = mul(share, v128.load(at(dbeta, j), 16));
  const step = <usize>columns << 2;
  const stop = at(0, last * columns + j);
  for (let e = at(0, first * columns + j); e < stop; e += step) {
    const low = madd(sub(v128.load(x + e), centre0), slope0, level0);
    v128.store(dx + e, mul(factor0, sub(incoming(dy + e, y + e, masked, true), low)));
    const high = madd(sub(v128.load(x + e, 16), centre1), slope1, level1);
    v128.store(dx + e, mul(factor1, sub(incoming(dy + e + 16, y + e + 16, masked, true), high)), 16);
  }
}

// @ts-ignore: decorator
@inline
function inputGradOfRows(
  dx: usize, dy: usize, y: usize, x: usize, mean: usize, inverse: usize, gamma: usize, dgamma: usize, dbeta: usize, share: v128,
  columns: u32, first: u32, last: u32, masked: bool,
): void {
  let j: u32 = 0;
  for (; j + 8 <= columns; j += 8) inputGradOf8(dx, dy, y, x, mean, inverse, gamma, dgamma, dbeta, share, columns, first, last, j, masked);
  for (; j + 4 <= columns; j += 4) inputGradAt(dx, dy, y, x, mean, inverse, gamma, dgamma, dbeta, share, columns, first, last, j, masked, true);
  for (; j < columns; j++) inputGradAt(dx, dy, y, x, mean, inverse, gamma, dgamma, dbeta, share, columns, first, last, j, masked, false);
}

/** Rows that are worked on together: they stay in the first-level cache while the columns pass by. */
const rowsInCache: u32 = 8;

export function batchNormInputGrad(
  dx: usize, dy: usize, y: usize, x: usize, mean: usize, inverse: usize, gamma: usize, dgamma: usize, dbeta: usize, rows: u32, columns: u32,
  start: u32, end: u32,
): void {
  const share = splat(<f32>(1 / <f64>rows));
  for (let i = start; i < end; i += rowsInCache) {
    const last = min(end, i + rowsInCache);
    if (y) inputGradOfRows(dx, dy, y, x, mean, inverse, gamma, dgamma, dbeta, share, columns, i, last, true);
    else inputGradOfRows(dx, dy, 0, x, mean, inverse, gamma, dgamma, dbeta, share, columns, i, last, false);
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
