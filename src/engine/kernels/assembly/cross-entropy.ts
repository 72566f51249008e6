import { exp4, log4 } from "./math";
import { expRow, log1, rowMax } from "./softmax";
import { add, at, atLeast, load4, madd, mul, select4, splat, store4, sub } from "./vector";

// @ts-ignore: decorator
@inline
export function weightOf(rowWeights: usize, i: u32): f32 {
  return rowWeights ? f32.load(at(rowWeights, i)) : 1;
}

/**
 * Zero for what is below 2⁻¹⁰⁰. A model that has learnt its data by heart has such gradients, and every product behind them would run on subnormal numbers,
 * at some hundred cycles a lane.
 */
// @ts-ignore: decorator
@inline
function withoutTraces(v: v128): v128 {
  return v128.andnot(v, f32x4.lt(f32x4.abs(v), splat(7.888609052210118e-31)));
}

/** Up to so many classes, four rows go side by side in the lanes: a row's own lanes would be half empty, and its logarithm alone. */
const classesByLanes: u32 = 24;

/** Element j of four rows. */
// @ts-ignore: decorator
@inline
function loadRows(r0: usize, r1: usize, r2: usize, r3: usize, j: u32): v128 {
  const o = <usize>j << 2;
  let v = v128.load32_zero(r0 + o);
  v = v128.load_lane<f32>(r1 + o, v, 1);
  v = v128.load_lane<f32>(r2 + o, v, 2);
  return v128.load_lane<f32>(r3 + o, v, 3);
}

// @ts-ignore: decorator
@inline
function storeRows(r0: usize, r1: usize, r2: usize, r3: usize, j: u32, v: v128): void {
  const o = <usize>j << 2;
  v128.store_lane<f32>(r0 + o, v, 0);
  v128.store_lane<f32>(r1 + o, v, 1);
  v128.store_lane<f32>(r2 + o, v, 2);
  v128.store_lane<f32>(r3 + o, v, 3);
}

/** What the label of a row weighs; 0 where it is no class, so that nothing of the row counts. */
// @ts-ignore: decorator
@inline
function labelWeight(classWeights: usize, label: u32, classes: u32): f32 {
  if (label >= classes) return 0;
  return classWeights ? f32.load(at(classWeights, label)) : 1;
}

// @ts-ignore: decorator
@inline
function labelLogit(row: usize, label: u32, classes: u32): f32 {
  return label < classes ? f32.load(at(row, label)) : 0;
}

/** Rows i … i + 3, one in each lane; past `last` the last row again, which then gets the same numbers once more. */
function crossEntropyOf4(
  loss: usize, dx: usize, x: usize, labels: usize, classWeights: usize, rowWeights: usize, factor: f32, classes: u32, share: f32, sharp: f32,
  i: u32, last: u32,
): void {
  const i1 = min(i + 1, last), i2 = min(i + 2, last), i3 = min(i + 3, last);
  const x0 = at(x, i * classes), x1 = at(x, i1 * classes), x2 = at(x, i2 * classes), x3 = at(x, i3 * classes);
  const label = loadRows(at(labels, i), at(labels, i1), at(labels, i2), at(labels, i3), 0);
  const l0 = i32x4.extract_lane(label, 0), l1 = i32x4.extract_lane(label, 1), l2 = i32x4.extract_lane(label, 2), l3 = i32x4.extract_lane(label, 3);
  const counts = i32x4.lt_u(label, i32x4.splat(<i32>classes));
  const atLabel = f32x4(labelLogit(x0, l0, classes), labelLogit(x1, l1, classes), labelLogit(x2, l2, classes), labelLogit(x3, l3, classes));
  const weighing = f32x4(
    labelWeight(classWeights, l0, classes), labelWeight(classWeights, l1, classes),
    labelWeight(classWeights, l2, classes), labelWeight(classWeights, l3, classes),
  );
  const rowWeight = rowWeights ? loadRows(at(rowWeights, i), at(rowWeights, i1), at(rowWeights, i2), at(rowWeights, i3), 0) : splat(1);
  let largest = loadRows(x0, x1, x2, x3, 0);
  for (let j: u32 = 1; j < classes; j++) largest = atLeast(largest, loadRows(x0, x1, x2, x3, j));
  const labelMass = mul(splat(sharp), weighing);
  let mass = labelMass;
  let spread = splat(0);
  if (share != 0)
    for (let j: u32 = 0; j < classes; j++) {
      const t = splat(share * (classWeights ? f32.load(at(classWeights, j)) : 1));
      mass = add(mass, t);
      spread = madd(t, sub(largest, loadRows(x0, x1, x2, x3, j)), spread);
    }
  let total = splat(0);
  for (let j: u32 = 0; j < classes; j++) total = add(total, exp4(sub(loadRows(x0, x1, x2, x3, j), largest)));
  const value = add(madd(mass, log4(total), mul(labelMass, sub(largest, atLabel))), spread);
  storeRows(at(loss, i), at(loss, i1), at(loss, i2), at(loss, i3), 0, v128.and(mul(rowWeight, value), counts));
  if (!dx) return;
  const d0 = at(dx, i * classes), d1 = at(dx, i1 * classes), d2 = at(dx, i2 * classes), d3 = at(dx, i3 * classes);
  const perMass = f32x4.div(mass, total);
  const f = mul(splat(factor), rowWeight);
  for (let j: u32 = 0; j < classes; j++) {
    const e = exp4(sub(loadRows(x0, x1, x2, x3, j), largest));
    const t = splat(share * (classWeights ? f32.load(at(classWeights, j)) : 1));
    const target = add(t, v128.and(labelMass, i32x4.eq(label, i32x4.splat(<i32>j))));
    storeRows(d0, d1, d2, d3, j, v128.and(withoutTraces(mul(f, sub(mul(e, perMass), target))), counts));
  }
}

export function softmaxCrossEntropy(
  loss: usize, dx: usize, x: usize, labels: usize, classWeights: usize, rowWeights: usize, scale: usize, classes: u32, smoothing: f64,
  start: u32, end: u32,
): void {
  const share = <f32>(smoothing / <f64>classes);
  const sharp = <f32>(1 - smoothing);
  const factor = <f32>f64.load(scale);
  if (classes <= classesByLanes) {
    for (let i = start; i < end; i += 4)
      crossEntropyOf4(loss, dx, x, labels, classWeights, rowWeights, factor, classes, share, sharp, i, end - 1);
    return;
  }
  for (let i = start; i < end; i++) {
    const label = load<u32>(at(labels, i));
    const from = at(x, i * classes);
    const to = dx ? at(dx, i * classes) : 0;
    if (label >= classes) {
      f32.store(at(loss, i), 0);
      if (to) memory.fill(to, 0, <usize>classes << 2);
      continue;
    }
    const largest = rowMax(from, classes);
    const labelLogit = f32.load(at(from, label));
    const labelMass = sharp * (classWeights ? f32.load(at(classWeights, label)) : 1);
    // ℓ = mass · (max + ln Σ) − Σ t x, written with x − max so that nothing large cancels; the smoothing's part only where there is one.
    let mass = labelMass;
    let spread: f32 = 0;
    if (share != 0)
      for (let j: u32 = 0; j < classes; j++) {
        const t = share * (classWeights ? f32.load(at(classWeights, j)) : 1);
        mass += t;
        spread += t * (largest - f32.load(at(from, j)));
      }
    const weight = weightOf(rowWeights, i);
    const total = expRow(to, from, largest, classes);
    const value = mass * log1(total) + labelMass * (largest - labelLogit) + spread;
    f32.store(at(loss, i), weight * value);
    if (to) crossEntropyGrad(to, classWeights, classes, label, mass / total, labelMass, share, factor * weight);
  }
}

/** row[j] = factor · (row[j] · massOverTotal − t[j]), row holding e^(x − max). */
function crossEntropyGrad(
  row: usize, classWeights: usize, classes: u32, label: u32, massOverTotal: f32, labelMass: f32, share: f32, factor: f32,
): void {
  const p = splat(massOverTotal);
  const s = splat(share);
  const f = splat(factor);
  const labelPart = f32.load(at(row, label)) * massOverTotal;
  for (let j: u32 = 0; j < classes; ) {
    const whole = j + 4 <= classes;
    const t = classWeights ? mul(s, load4(at(classWeights, j), whole)) : s;
    store4(at(row, j), withoutTraces(mul(f, sub(mul(load4(at(row, j), whole), p), t))), whole);
    j += whole ? 4 : 1;
  }
  const t = share * (classWeights ? f32.load(at(classWeights, label)) : 1);
  f32.store(at(row, label), factor * (labelPart - (t + labelMass)));
}
