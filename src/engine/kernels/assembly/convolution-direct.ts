// Convolution without packing, for few channels, where packing would cost more than the product: one sample of one group, padding included, is copied
// into scratch, and four pointers walk over it where the packed product reads a strip.

import { storeEdge, storeRow } from "./gemm-tile";
import { at, madd } from "./vector";

/** Bytes of scratch that a padded sample may take; the first 4 KB stay free for one packed strip, the last for its zeros. */
const imageBytes: u32 = 57344;
export const imageOffset: usize = 4096;
/** More output channels share the packing of a strip well enough. */
const mostColumns: u32 = 32;

/** Length of the padded input that all windows of one axis cover. */
// @ts-ignore: decorator
@inline
export function covered(out: u32, stride: u32, kernel: u32, dilation: u32): u32 {
  return (out - 1) * stride + (kernel - 1) * dilation + 1;
}

/** By shape alone: the sums of the two ways are rounded in different orders. */
export function isDirect(imageHeight: u32, imageWidth: u32, inGroup: u32, outGroup: u32): bool {
  return outGroup <= mostColumns && (imageHeight * imageWidth * inGroup) << 2 <= imageBytes;
}

/** Copies one sample's channels of one group, `x` pointing at the first, into a padded image. */
export function loadImage(
  image: usize, x: usize, height: u32, width: u32, channels: u32, inGroup: u32, imageHeight: u32, imageWidth: u32, padTop: u32, padLeft: u32,
): void {
  const line = <usize>(imageWidth * inGroup) << 2;
  const first = min(padLeft, imageWidth);
  const last = max(first, min(imageWidth, padLeft + width));
  for (let py: u32 = 0; py < imageHeight; py++, image += line) {
    const iy = <i32>py - <i32>padTop;
    if (<u32>iy >= height) {
      memory.fill(image, 0, line);
      continue;
    }
    if (first > 0) memory.fill(image, 0, <usize>(first * inGroup) << 2);
    if (last < imageWidth) memory.fill(at(image, last * inGroup), 0, <usize>((imageWidth - last) * inGroup) << 2);
    const from = at(x, <u32>iy * width * channels);
    if (inGroup == channels) {
      memory.copy(at(image, first * inGroup), from, <usize>((last - first) * inGroup) << 2);
      continue;
    }
    for (let px = first; px < last; px++)
      memory.copy(at(image, px * inGroup), at(from, (px - padLeft) * channels), <usize>inGroup << 2);
  }
}

/**
 * One 4 × 8 tile: C (+)= Σ over `lines` lines and `run` places of a line: row r of A is read at p_r, `step` bytes further at each place and `lineStep` at
 * each line; B is a panel of 8 columns, read through.
 */
export function directTile(
  c: usize, cRow: usize, p0: usize, p1: usize, p2: usize, p3: usize, step: usize, lineStep: usize, lines: u32, run: u32, b: usize,
  accumulate: bool, rows: u32, cols: u32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const back = lineStep - <usize>run * step;
  const bytes = <usize>run << 5;
  for (let line: u32 = 0; line < lines; line++) {
    const stop = b + bytes;
    while (b < stop) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const a0 = v128.load_splat<f32>(p0);
      c00 = madd(a0, b0, c00);
      c01 = madd(a0, b1, c01);
      const a1 = v128.load_splat<f32>(p1);
      c10 = madd(a1, b0, c10);
      c11 = madd(a1, b1, c11);
      const a2 = v128.load_splat<f32>(p2);
      c20 = madd(a2, b0, c20);
      c21 = madd(a2, b1, c21);
      const a3 = v128.load_splat<f32>(p3);
      c30 = madd(a3, b0, c30);
      c31 = madd(a3, b1, c31);
      b += 32;
      p0 += step;
      p1 += step;
      p2 += step;
      p3 += step;
    }
    p0 += back;
    p1 += back;
    p2 += back;
    p3 += back;
  }
  if (rows == 4 && cols == 8) {
    storeRow(c, c00, c01, accumulate);
    storeRow(c + cRow, c10, c11, accumulate);
    storeRow(c + 2 * cRow, c20, c21, accumulate);
    storeRow(c + 3 * cRow, c30, c31, accumulate);
    return;
  }
  storeEdge(c, c00, c01, cols, accumulate);
  if (rows > 1) storeEdge(c + cRow, c10, c11, cols, accumulate);
  if (rows > 2) storeEdge(c + 2 * cRow, c20, c21, cols, accumulate);
  if (rows > 3) storeEdge(c + 3 * cRow, c30, c31, cols, accumulate);
}
