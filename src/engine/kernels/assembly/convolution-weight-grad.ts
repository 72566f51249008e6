// dw as a matrix product: rows are weights (tap, input channel), k counts output pixels, columns are output channels.

import { covered, directTile, imageOffset, isDirect, loadImage } from "./convolution-direct";
import { blockDepth, multiplyBlock, stripsAtOnce } from "./gemm";
import { at } from "./vector";

/** What weight row (ky, kx, ci) met at one output pixel whose window begins at column ix: 0 in the padding. */
// @ts-ignore: decorator
@inline
function meet(row: usize, ix: i32, width: u32, channels: u32, kx: u32, dilation: u32, ci: u32): f32 {
  const place = <u32>(ix + <i32>(kx * dilation));
  return place < width ? f32.load(at(row, place * channels + ci)) : 0;
}

/** Four adjacent weight rows of one kernel row, first kernel-row element e = kx · inGroup + ci, at one output pixel. */
function packPixel(out: usize, row: usize, ix: i32, width: u32, channels: u32, inGroup: u32, dilation: u32, e: u32): void {
  for (let lane: u32 = 0; lane < 4; lane++) {
    const kx = (e + lane) / inGroup;
    f32.store(at(out, lane), meet(row, ix, width, channels, kx, dilation, e + lane - kx * inGroup));
  }
}

/**
 * Packs one strip for output pixels k0 … k0 + depth. Where its four weight rows lie in one kernel row and no hole between them (`together`), they are
 * four adjacent elements of x, but for pixels whose window meets the padding. Output rows are walked run by run, so that only the ends of a run look.
 */
function packStrip(
  out: usize, x: usize, first: u32, rows: u32, k0: u32, depth: u32, inGroup: u32, height: u32, width: u32, channels: u32,
  outHeight: u32, outWidth: u32, kernelWidth: u32, strideHeight: i32, strideWidth: i32, padTop: i32, padLeft: i32,
  dilationHeight: i32, dilationWidth: u32,
): void {
  const kernelRow = kernelWidth * inGroup;
  const ky = first / kernelRow;
  const e = first - ky * kernelRow;
  const kx = e / inGroup;
  const span = (e + 3) / inGroup - kx;
  const together = e + 4 <= kernelRow && (span == 0 || (inGroup == channels && dilationWidth == 1));
  if (!together) {
    for (let lane: u32 = 0; lane < 4; lane++)
      packRow(
        at(out, lane), x, min(first + lane, rows - 1), k0, depth, inGroup, height, width, channels, outHeight, outWidth, kernelWidth,
        strideHeight, strideWidth, padTop, padLeft, dilationHeight, dilationWidth,
      );
    return;
  }
  const stop = k0 + depth;
  const step = <usize>(channels * strideWidth) << 2;
  const left = <i32>(kx * dilationWidth) - padLeft;
  const ci = e - kx * inGroup;
  const bound = <i32>width - <i32>span;
  for (let k = k0; k < stop; ) {
    const oRow = k / outWidth;
    const ox = k - oRow * outWidth;
    const run = min(outWidth - ox, stop - k);
    const iy = <i32>(oRow % outHeight) * strideHeight - padTop + <i32>ky * dilationHeight;
    const row = at(x, ((oRow / outHeight) * height + iy) * width * channels);
    let ix = <i32>ox * strideWidth + left;
    let i: u32 = 0;
    if (<u32>iy < height) {
      for (; i < run && ix < 0; i++, ix += strideWidth, out += 16)
        packPixel(out, row, ix - <i32>(kx * dilationWidth), width, channels, inGroup, dilationWidth, e);
      let p = at(row, <u32>ix * channels + ci);
      for (; i < run && ix < bound; i++, ix += strideWidth, out += 16, p += step) v128.store(out, v128.load(p));
      for (; i < run; i++, ix += strideWidth, out += 16)
        packPixel(out, row, ix - <i32>(kx * dilationWidth), width, channels, inGroup, dilationWidth, e);
    } else {
      for (; i < run; i++, out += 16) v128.store(out, f32x4.splat(0));
    }
    k += run;
  }
}

/** One weight row, into every fourth element of `out`. */
function packRow(
  out: usize, x: usize, weightRow: u32, k0: u32, depth: u32, inGroup: u32, height: u32, width: u32, channels: u32,
  outHeight: u32, outWidth: u32, kernelWidth: u32, strideHeight: i32, strideWidth: i32, padTop: i32, padLeft: i32,
  dilationHeight: i32, dilationWidth: u32,
): void {
  const tap = weightRow / inGroup;
  const ci = weightRow - tap * inGroup;
  const top = <i32>(tap / kernelWidth) * dilationHeight - padTop;
  const left = <i32>((tap % kernelWidth) * dilationWidth) - padLeft;
  const stop = k0 + depth;
  const step = <usize>(channels * strideWidth) << 2;
  for (let k = k0; k < stop; ) {
    const oRow = k / outWidth;
    const ox = k - oRow * outWidth;
    const run = min(outWidth - ox, stop - k);
    const iy = <i32>(oRow % outHeight) * strideHeight + top;
    let ix = <i32>ox * strideWidth + left;
    let i: u32 = 0;
    if (<u32>iy < height) {
      for (; i < run && ix < 0; i++, ix += strideWidth, out += 16) f32.store(out, 0);
      let p = at(x, (((oRow / outHeight) * height + iy) * width + <u32>ix) * channels + ci);
      for (; i < run && ix < <i32>width; i++, ix += strideWidth, out += 16, p += step) f32.store(out, f32.load(p));
    }
    for (; i < run; i++, out += 16) f32.store(out, 0);
    k += run;
  }
}

/** Address in a sample's padded image of what weight row (ky, kx, ci) meets at the first output pixel. */
// @ts-ignore: decorator
@inline
function firstMet(
  image: usize, row: u32, inGroup: u32, kernelWidth: u32, dilationHeight: u32, dilationWidth: u32, imageWidth: u32,
): usize {
  const tap = row / inGroup;
  const ky = tap / kernelWidth;
  return at(image, (ky * dilationHeight * imageWidth + (tap - ky * kernelWidth) * dilationWidth) * inGroup + (row - tap * inGroup));
}

/** Weight rows of strips [first, first + strips) of one group, sample by sample, in blocks of whole output rows of at most blockDepth pixels or one row. */
function directGroup(
  dw: usize, x: usize, packed: usize, image: usize, accumulate: bool, first: u32, strips: u32, rows: u32, inGroup: u32, outGroup: u32,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32,
  padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, imageHeight: u32, imageWidth: u32,
): void {
  const k = batch * outHeight * outWidth;
  const step = <usize>(strideWidth * inGroup) << 2;
  const lineStep = <usize>(strideHeight * imageWidth * inGroup) << 2;
  const blockLines = max<u32>(1, blockDepth / outWidth);
  for (let sample: u32 = 0; sample < batch; sample++) {
    loadImage(image, at(x, sample * height * width * channels), height, width, channels, inGroup, imageHeight, imageWidth, padTop, padLeft);
    for (let line: u32 = 0; line < outHeight; line += blockLines) {
      const lines = min(blockLines, outHeight - line);
      const shift = <usize>line * lineStep;
      const from = <usize>((sample * outHeight + line) * outWidth) << 5;
      const more = accumulate || sample > 0 || line > 0;
      for (let s: u32 = 0; s < strips; s++) {
        const row = (first + s) << 2;
        const last = rows - 1;
        const p0 = shift + firstMet(image, row, inGroup, kernelWidth, dilationHeight, dilationWidth, imageWidth);
        const p1 = shift + firstMet(image, min(row + 1, last), inGroup, kernelWidth, dilationHeight, dilationWidth, imageWidth);
        const p2 = shift + firstMet(image, min(row + 2, last), inGroup, kernelWidth, dilationHeight, dilationWidth, imageWidth);
        const p3 = shift + firstMet(image, min(row + 3, last), inGroup, kernelWidth, dilationHeight, dilationWidth, imageWidth);
        for (let j: u32 = 0; j < outGroup; j += 8)
          directTile(
            at(dw, row * outGroup + j), <usize>outGroup << 2, p0, p1, p2, p3, step, lineStep, lines, outWidth,
            packed + ((<usize>j * k) << 2) + from, more, min<u32>(4, rows - row), min<u32>(8, outGroup - j),
          );
      }
    }
  }
}

export function conv2dWeightGrad(
  dw: usize, x: usize, packed: usize, scratch: usize, accumulate: u32,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, outChannels: u32, kernelHeight: u32, kernelWidth: u32,
  strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, groups: u32,
  start: u32, end: u32,
): void {
  const inGroup = channels / groups;
  const outGroup = outChannels / groups;
  const k = batch * outHeight * outWidth;
  const rows = kernelHeight * kernelWidth * inGroup;
  const perGroup = (rows + 3) >> 2;
  const panelBytes = <usize>((outGroup + 7) >> 3) * (<usize>k << 5);
  const imageHeight = covered(outHeight, strideHeight, kernelHeight, dilationHeight);
  const imageWidth = covered(outWidth, strideWidth, kernelWidth, dilationWidth);
  const direct = isDirect(imageHeight, imageWidth, inGroup, outGroup);
  for (let unit = start; unit < end; ) {
    const group = unit / perGroup;
    const strip = unit - group * perGroup;
    if (direct) {
      const all = min(end - unit, perGroup - strip);
      directGroup(
        at(dw, group * rows * outGroup), at(x, group * inGroup), packed + group * panelBytes, scratch + imageOffset, accumulate != 0, strip, all,
        rows, inGroup, outGroup, batch, height, width, channels, outHeight, outWidth, kernelWidth, strideHeight, strideWidth, padTop, padLeft,
        dilationHeight, dilationWidth, imageHeight, imageWidth,
      );
      unit += all;
      continue;
    }
    const strips = min(min(stripsAtOnce, end - unit), perGroup - strip);
    for (let k0: u32 = 0; k0 < k; k0 += blockDepth) {
      const depth = min(blockDepth, k - k0);
      for (let s: u32 = 0; s < strips; s++)
        packStrip(
          scratch + ((<usize>s * depth) << 4), at(x, group * inGroup), (strip + s) << 2, rows, k0, depth, inGroup, height, width, channels,
          outHeight, outWidth, kernelWidth, strideHeight, strideWidth, padTop, padLeft, dilationHeight, dilationWidth,
        );
      multiplyBlock(
        at(dw, group * rows * outGroup), <usize>outGroup << 2, scratch, packed + group * panelBytes, strip << 2, rows, strips, outGroup, k,
        k0, depth, k0 > 0 || accumulate != 0, 0, 0, 0,
      );
    }
    unit += strips;
  }
}
