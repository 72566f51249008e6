import { add, at, mul, splat, sumLanes } from "./vector";

const chunkElements: u32 = 4096;
/** Rows that are summed in f32 before the sum is added to an f64 total. */
const rowsAtOnce: u32 = 64;

/** Sum of column j. */
function sumColumn(x: usize, rows: u32, columns: u32, j: u32): f64 {
  let total: f64 = 0;
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const last = min(rows, i + rowsAtOnce);
    let part: f32 = 0;
    for (let r = i; r < last; r++) part += f32.load(at(x, r * columns + j));
    total += <f64>part;
  }
  return total;
}

// @ts-ignore: decorator
@inline
function addLow(total: v128, part: v128): v128 {
  return f64x2.add(total, f64x2.promote_low_f32x4(part));
}

// @ts-ignore: decorator
@inline
function addHigh(total: v128, part: v128): v128 {
  return f64x2.add(total, f64x2.promote_low_f32x4(v128.shuffle<f32>(part, part, 2, 3, 0, 1)));
}

// @ts-ignore: decorator
@inline
function storeScaled(p: usize, low: v128, high: v128, scale: v128): void {
  const first = f32x4.demote_f64x2_zero(f64x2.mul(low, scale));
  const second = f32x4.demote_f64x2_zero(f64x2.mul(high, scale));
  v128.store(p, v128.shuffle<f32>(first, second, 0, 1, 4, 5));
}

/** 16 columns, a cache line of each row: four sums under way hide each other's latency. */
function sumSixteen(out: usize, x: usize, rows: u32, columns: u32, scale: v128): void {
  const step = <usize>columns << 2;
  let l0 = f64x2.splat(0);
  let h0 = l0, l1 = l0, h1 = l0, l2 = l0, h2 = l0, l3 = l0, h3 = l0;
  for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
    const last = min(rows, i + rowsAtOnce);
    let s0 = splat(0);
    let s1 = s0, s2 = s0, s3 = s0;
    for (let r = i; r < last; r++, x += step) {
      s0 = add(s0, v128.load(x));
      s1 = add(s1, v128.load(x, 16));
      s2 = add(s2, v128.load(x, 32));
      s3 = add(s3, v128.load(x, 48));
    }
    l0 = addLow(l0, s0);
    h0 = addHigh(h0, s0);
    l1 = addLow(l1, s1);
    h1 = addHigh(h1, s1);
    l2 = addLow(l2, s2);
    h2 = addHigh(h2, s2);
    l3 = addLow(l3, s3);
    h3 = addHigh(h3, s3);
  }
  storeScaled(out, l0, h0, scale);
  storeScaled(out + 16, l1, h1, scale);
  storeScaled(out + 32, l2, h2, scale);
  storeScaled(out + 48, l3, h3, scale);
}

export function sumRows(out: usize, x: usize, rows: u32, columns: u32, factor: f64, start: u32, end: u32): void {
  const scale = f64x2.splat(factor);
  let j = start;
  for (; j + 16 <= end; j += 16) sumSixteen(at(out, j), at(x, j), rows, columns, scale);
  for (; j + 4 <= end; j += 4) {
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    for (let i: u32 = 0; i < rows; i += rowsAtOnce) {
      const last = min(rows, i + rowsAtOnce);
      let part = splat(0);
      for (let r = i; r < last; r++) part = add(part, v128.load(at(x, r * columns + j)));
      low = addLow(low, part);
      high = addHigh(high, part);
    }
    storeScaled(at(out, j), low, high, scale);
  }
  for (; j < end; j++) f32.store(at(out, j), <f32>(sumColumn(x, rows, columns, j) * factor));
}

export function sumColumns(out: usize, x: usize, columns: u32, factor: f64, start: u32, end: u32): void {
  for (let i = start; i < end; i++) f32.store(at(out, i), <f32>(sumRun(at(x, i * columns), columns, false) * factor));
}

/** Σ x or Σ x² of a run: four lanes over 256 elements in f32, then f64. */
function sumRun(x: usize, count: u32, squares: bool): f64 {
  let total: f64 = 0;
  for (let i: u32 = 0; i < count; i += 256) {
    const last = min(count, i + 256);
    let lanes = splat(0);
    let j = i;
    for (; j + 4 <= last; j += 4) {
      const v = v128.load(at(x, j));
      lanes = add(lanes, squares ? mul(v, v) : v);
    }
    let part = sumLanes(lanes);
    for (; j < last; j++) {
      const v = f32.load(at(x, j));
      part += squares ? v * v : v;
    }
    total += <f64>part;
  }
  return total;
}

// @ts-ignore: decorator
@inline
function chunkLength(c: u32, count: u32): u32 {
  return min(chunkElements, count - c * chunkElements);
}

export function sumChunks(partials: usize, x: usize, count: u32, start: u32, end: u32): void {
  for (let c = start; c < end; c++)
    f64.store(partials + (<usize>c << 3), sumRun(at(x, c * chunkElements), chunkLength(c, count), false));
}

/** Squares are taken in f64: a gradient of 10²⁰ must not overflow the norm that would clip it. */
export function sumSquaresChunks(partials: usize, x: usize, count: u32, start: u32, end: u32): void {
  for (let c = start; c < end; c++) {
    const p = at(x, c * chunkElements);
    const length = chunkLength(c, count);
    let lanes = f64x2.splat(0);
    let i: u32 = 0;
    for (; i + 2 <= length; i += 2) {
      const v = f64x2.promote_low_f32x4(v128.load64_zero(at(p, i)));
      lanes = f64x2.add(lanes, f64x2.mul(v, v));
    }
    let total = f64x2.extract_lane(lanes, 0) + f64x2.extract_lane(lanes, 1);
    if (i < length) {
      const v = <f64>f32.load(at(p, i));
      total += v * v;
    }
    f64.store(partials + (<usize>c << 3), total);
  }
}

export function nonFiniteChunks(partials: usize, x: usize, count: u32, start: u32, end: u32): void {
  for (let c = start; c < end; c++) {
    const p = at(x, c * chunkElements);
    const length = chunkLength(c, count);
    let found: u32 = 0;
    for (let i: u32 = 0; i < length; i++) found += u32((load<u32>(at(p, i)) & 0x7f800000) == 0x7f800000);
    f64.store(partials + (<usize>c << 3), <f64>found);
  }
}

export function zeroChunks(partials: usize, x: usize, count: u32, start: u32, end: u32): void {
  for (let c = start; c < end; c++) {
    const p = at(x, c * chunkElements);
    const length = chunkLength(c, count);
    let found: u32 = 0;
    for (let i: u32 = 0; i < length; i++) found += u32((load<u32>(at(p, i)) & 0x7fffffff) == 0);
    f64.store(partials + (<usize>c << 3), <f64>found);
  }
}

function fold(partials: usize, chunks: u32): f64 {
  let total: f64 = 0;
  for (let c: u32 = 0; c < chunks; c++) total += f64.load(partials + (<usize>c << 3));
  return total;
}

export function foldPartials(out: usize, partials: usize, chunks: u32, factor: f64, start: u32, end: u32): void {
  if (start < end) f64.store(out, factor * fold(partials, chunks));
}

export function sumPartials(out: usize, partials: usize, chunks: u32, factor: f64, start: u32, end: u32): void {
  if (start < end) f32.store(out, <f32>(factor * fold(partials, chunks)));
}

export function clipFactor(out: usize, sumSquares: usize, maxNorm: f64, start: u32, end: u32): void {
  if (start >= end) return;
  const norm = sqrt<f64>(f64.load(sumSquares));
  f64.store(out, norm > maxNorm ? maxNorm / norm : 1);
}

export function maxColumns(out: usize, x: usize, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++) {
    let best = -f32.MAX_VALUE * 2;
    for (let j: u32 = 0; j < columns; j++) best = max(best, f32.load(at(x, i * columns + j)));
    f32.store(at(out, i), best);
  }
}

export function argmaxColumns(out: usize, x: usize, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++) {
    let best = -f32.MAX_VALUE * 2;
    let place: u32 = 0;
    for (let j: u32 = 0; j < columns; j++) {
      const v = f32.load(at(x, i * columns + j));
      if (v > best) {
        best = v;
        place = j;
      }
    }
    store<u32>(at(out, i), place);
  }
}

export function argminColumns(out: usize, x: usize, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++) {
    let best = f32.MAX_VALUE * 2;
    let place: u32 = 0;
    for (let j: u32 = 0; j < columns; j++) {
      const v = f32.load(at(x, i * columns + j));
      if (v < best) {
        best = v;
        place = j;
      }
    }
    store<u32>(at(out, i), place);
  }
}

export function everActive(seen: usize, y: usize, rows: u32, columns: u32, start: u32, end: u32): void {
  for (let i: u32 = 0; i < rows; i++)
    for (let j = start; j < end; j++) if (f32.load(at(y, i * columns + j)) > 0) store<u32>(at(seen, j), 1);
}
