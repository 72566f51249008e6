// Axes moved, repeated and summed: rows of adjacent elements are copied or added as vectors.

import { add, at } from "./vector";

/** Rows that are summed in f32 before the sum is added to an f64 total. */
const rowsAtOnce: u32 = 64;

export function swapAxes(out: usize, x: usize, first: u32, second: u32, inner: u32, start: u32, end: u32): void {
  const step = <usize>second * inner;
  for (let unit = start; unit < end; unit++) {
    const batch = unit / second;
    let from = at(x, ((batch * first) * second + (unit % second)) * inner);
    let to = at(out, unit * first * inner);
    if (inner == 1) {
      for (let i: u32 = 0; i < first; i++, from += step << 2, to += 4) f32.store(to, f32.load(from));
    } else {
      const bytes = <usize>inner << 2;
      for (let i: u32 = 0; i < first; i++, from += step << 2, to += bytes) memory.copy(to, from, bytes);
    }
  }
}

export function repeatRows(out: usize, x: usize, times: u32, inner: u32, start: u32, end: u32): void {
  const bytes = <usize>inner << 2;
  for (let unit = start; unit < end; unit++) memory.copy(at(out, unit * inner), at(x, (unit / times) * inner), bytes);
}

/** Σ of column i of [times, inner]. */
function sumOne(x: usize, times: u32, inner: u32): f64 {
  const step = <usize>inner << 2;
  let total: f64 = 0;
  for (let t: u32 = 0; t < times; t += rowsAtOnce) {
    const last = min(times, t + rowsAtOnce);
    let part: f32 = 0;
    for (let r = t; r < last; r++, x += step) part += f32.load(x);
    total += <f64>part;
  }
  return total;
}

/** The same of four columns. */
function sumFour(out: usize, x: usize, times: u32, inner: u32, factor: f64): void {
  const step = <usize>inner << 2;
  let low = f64x2.splat(0);
  let high = low;
  for (let t: u32 = 0; t < times; t += rowsAtOnce) {
    const last = min(times, t + rowsAtOnce);
    let part = f32x4.splat(0);
    for (let r = t; r < last; r++, x += step) part = add(part, v128.load(x));
    low = f64x2.add(low, f64x2.promote_low_f32x4(part));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(part, part, 2, 3, 0, 1)));
  }
  const scale = f64x2.splat(factor);
  const first = f32x4.demote_f64x2_zero(f64x2.mul(low, scale));
  const second = f32x4.demote_f64x2_zero(f64x2.mul(high, scale));
  v128.store(out, v128.shuffle<f32>(first, second, 0, 1, 4, 5));
}

export function sumRepeated(out: usize, x: usize, times: u32, inner: u32, factor: f64, start: u32, end: u32): void {
  for (let o = start; o < end; o++) {
    const from = at(x, o * times * inner);
    const to = at(out, o * inner);
    let i: u32 = 0;
    for (; i + 4 <= inner; i += 4) sumFour(at(to, i), at(from, i), times, inner, factor);
    for (; i < inner; i++) f32.store(at(to, i), <f32>(sumOne(at(from, i), times, inner) * factor));
  }
}
