import { at, storeTransposed } from "./vector";

/** A panel of `columns` < 8 or of any strides: element by element, missing columns 0. */
function packSlow(out: usize, b: usize, k: u32, columns: u32, rowStride: u32, columnStride: u32): void {
  for (let i: u32 = 0; i < k; i++, out += 32) {
    const row = at(b, i * rowStride);
    for (let j: u32 = 0; j < 8; j++) f32.store(at(out, j), j < columns ? f32.load(at(row, j * columnStride)) : 0);
  }
}

/** A panel of 4 … 7 adjacent columns. */
function packNarrow(out: usize, b: usize, k: u32, columns: u32, rowStride: u32): void {
  const step = <usize>rowStride << 2;
  for (let i: u32 = 0; i < k; i++, out += 32, b += step) {
    let high = columns > 4 ? v128.load32_zero(b, 16) : f32x4.splat(0);
    if (columns > 5) high = f32x4.replace_lane(high, 1, f32.load(b, 20));
    if (columns > 6) high = f32x4.replace_lane(high, 2, f32.load(b, 24));
    v128.store(out, v128.load(b));
    v128.store(out, high, 16);
  }
}

function packRows(out: usize, b: usize, k: u32, rowStride: u32): void {
  const step = <usize>rowStride << 2;
  for (let i: u32 = 0; i < k; i++, out += 32, b += step) {
    v128.store(out, v128.load(b));
    v128.store(out, v128.load(b, 16), 16);
  }
}

/** Eight stored rows become eight columns, four values of k at a time. */
export function packColumns(out: usize, b: usize, k: u32, columnStride: u32): void {
  const step = <usize>columnStride << 2;
  let i: u32 = 0;
  for (; i + 4 <= k; i += 4, out += 128) {
    const p = at(b, i);
    const q = p + 4 * step;
    storeTransposed(out, 32, v128.load(p), v128.load(p + step), v128.load(p + 2 * step), v128.load(p + 3 * step));
    storeTransposed(out + 16, 32, v128.load(q), v128.load(q + step), v128.load(q + 2 * step), v128.load(q + 3 * step));
  }
  packSlow(out, at(b, i), k - i, 8, 1, columnStride);
}

export function packPanel(out: usize, b: usize, k: u32, columns: u32, rowStride: u32, columnStride: u32): void {
  if (columns == 8 && columnStride == 1) packRows(out, b, k, rowStride);
  else if (columns == 8 && rowStride == 1) packColumns(out, b, k, columnStride);
  else if (columns >= 4 && columnStride == 1) packNarrow(out, b, k, columns, rowStride);
  else packSlow(out, b, k, columns, rowStride, columnStride);
}

export function packB(
  out: usize, b: usize, k: u32, n: u32, rowStride: u32, columnStride: u32, batches: u32, batchStride: u32, start: u32, end: u32,
): void {
  const panels = (n + 7) >> 3;
  for (let unit = start; unit < end; unit++) {
    const batch = unit / panels;
    const j = (unit % panels) << 3;
    const from = at(b, batch * batchStride + j * columnStride);
    packPanel(out + ((<usize>unit * k) << 5), from, k, min<u32>(8, n - j), rowStride, columnStride);
  }
}

export function squaredDistances(out: usize, x: usize, centre: usize, centres: u32, columns: u32, start: u32, end: u32): void {
  for (let i = start; i < end; i++)
    for (let c: u32 = 0; c < centres; c++) {
      const p = at(x, i * columns);
      const q = at(centre, c * columns);
      let lanes = f32x4.splat(0);
      let j: u32 = 0;
      for (; j + 4 <= columns; j += 4) {
        const d = f32x4.sub(v128.load(at(p, j)), v128.load(at(q, j)));
        lanes = f32x4.add(lanes, f32x4.mul(d, d));
      }
      let total = f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3));
      for (; j < columns; j++) {
        const d = f32.load(at(p, j)) - f32.load(at(q, j));
        total += d * d;
      }
      f32.store(at(out, i * centres + c), total);
    }
}
