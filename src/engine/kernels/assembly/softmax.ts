import { exp4, log4 } from "./math";
import { add, at, atLeast, load1, madd, mul, splat, store1, sub, sumLanes } from "./vector";

/** The largest element of a row. */
export function rowMax(x: usize, columns: u32): f32 {
  let lanes = splat(f32.load(x));
  let j: u32 = 0;
  for (; j + 4 <= columns; j += 4) lanes = atLeast(lanes, v128.load(at(x, j)));
  for (; j < columns; j++) lanes = atLeast(lanes, v128.load_splat<f32>(at(x, j)));
  return max(
    max(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1)),
    max(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)),
  );
}

/** out[j] = e^(x[j] − shift); gives the sum. `out` = 0: only the sum. */
export function expRow(out: usize, x: usize, shift: f32, columns: u32): f32 {
  const s = splat(shift);
  let lanes = splat(0);
  let j: u32 = 0;
  for (; j + 4 <= columns; j += 4) {
    const e = exp4(sub(v128.load(at(x, j)), s));
    if (out) v128.store(at(out, j), e);
    lanes = add(lanes, e);
  }
  let total = sumLanes(lanes);
  for (; j < columns; j++) {
    const e = f32x4.extract_lane(exp4(sub(load1(at(x, j)), s)), 0);
    if (out) f32.store(at(out, j), e);
    total += e;
  }
  return total;
}

/** row[j] = factor · row[j] + shift */
export function scaleRow(out: usize, x: usize, factor: f32, shift: f32, columns: u32): void {
  const a = splat(factor);
  const b = splat(shift);
  let j: u32 = 0;
  for (; j + 4 <= columns; j += 4) v128.store(at(out, j), madd(v128.load(at(x, j)), a, b));
  for (; j < columns; j++) store1(at(out, j), madd(load1(at(x, j)), a, b));
}

export function log1(x: f32): f32 {
  return f32x4.extract_lane(log4(splat(x)), 0);
}

export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(splat(x)), 0);
}

export function softmax(out: usize, x: usize, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++) {
    const from = at(x, i * columns);
    const to = at(out, i * columns);
    const total = expRow(to, from, rowMax(from, columns), columns);
    scaleRow(to, to, 1 / total, 0, columns);
  }
}

export function logSoftmax(out: usize, x: usize, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++) {
    const from = at(x, i * columns);
    const largest = rowMax(from, columns);
    const logTotal = log1(expRow(0, from, largest, columns));
    for (let j: u32 = 0; j < columns; j++) f32.store(at(out, i * columns + j), f32.load(at(from, j)) - largest - logTotal);
  }
}

export function softmaxGrad(dx: usize, dy: usize, y: usize, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++) {
    const g = at(dy, i * columns);
    const p = at(y, i * columns);
    const to = at(dx, i * columns);
    let lanes = splat(0);
    let j: u32 = 0;
    for (; j + 4 <= columns; j += 4) lanes = madd(v128.load(at(g, j)), v128.load(at(p, j)), lanes);
    let dot = sumLanes(lanes);
    for (; j < columns; j++) dot += f32.load(at(g, j)) * f32.load(at(p, j));
    const d = splat(dot);
    for (j = 0; j + 4 <= columns; j += 4) v128.store(at(to, j), mul(v128.load(at(p, j)), sub(v128.load(at(g, j)), d)));
    for (; j < columns; j++) store1(at(to, j), mul(load1(at(p, j)), sub(load1(at(g, j)), d)));
  }
}

export function logSoftmaxGrad(dx: usize, dy: usize, y: usize, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++) {
    const g = at(dy, i * columns);
    let total: f32 = 0;
    for (let j: u32 = 0; j < columns; j++) total += f32.load(at(g, j));
    for (let j: u32 = 0; j < columns; j++)
      f32.store(at(dx, i * columns + j), f32.load(at(g, j)) - exp1(f32.load(at(y, i * columns + j))) * total);
  }
}
