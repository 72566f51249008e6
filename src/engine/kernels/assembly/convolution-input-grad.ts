// dx as a matrix product: rows are input pixels, k counts (tap, output channel) with the taps in reverse order, columns are input channels.
// With stride 1 that is a convolution of dy with the reversed kernel, its padding dilation · (kernel − 1) − padding.

import { convolve } from "./convolution";
import { blockDepth, interleave, multiplyBlock, stripsAtOnce, zerosOffset } from "./gemm";
import { at } from "./vector";

/** Address of the output channels whose tap at offset (ky, kx) read input pixel (iy, ix) of sample n; zeros where there are none. */
// @ts-ignore: decorator
@inline
function source(
  dy: usize, zeros: usize, n: u32, oyTimes: i32, oxTimes: i32, strideHeight: i32, strideWidth: i32, outHeight: u32, outWidth: u32,
  outChannels: u32, co: u32,
): usize {
  if (oyTimes < 0 || oxTimes < 0) return zeros;
  let oy = <u32>oyTimes;
  let ox = <u32>oxTimes;
  if (strideHeight != 1) {
    if (oy % strideHeight) return zeros;
    oy /= strideHeight;
  }
  if (strideWidth != 1) {
    if (ox % strideWidth) return zeros;
    ox /= strideWidth;
  }
  if (oy >= outHeight || ox >= outWidth) return zeros;
  return at(dy, ((n * outHeight + oy) * outWidth + ox) * outChannels + co);
}

function packStrip(
  out: usize, dy: usize, zeros: usize, pixel: u32, pixels: u32, k0: u32, depth: u32, outGroup: u32, height: u32, width: u32,
  outChannels: u32, outHeight: u32, outWidth: u32, kernelHeight: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32,
  padTop: i32, padLeft: i32, dilationHeight: i32, dilationWidth: i32,
): void {
  const last = pixels - 1;
  const p1 = min(pixel + 1, last);
  const p2 = min(pixel + 2, last);
  const p3 = min(pixel + 3, last);
  const r0 = pixel / width;
  const r1 = p1 / width;
  const r2 = p2 / width;
  const r3 = p3 / width;
  const y0 = <i32>(r0 % height) + padTop;
  const y1 = <i32>(r1 % height) + padTop;
  const y2 = <i32>(r2 % height) + padTop;
  const y3 = <i32>(r3 % height) + padTop;
  const x0 = <i32>(pixel - r0 * width) + padLeft;
  const x1 = <i32>(p1 - r1 * width) + padLeft;
  const x2 = <i32>(p2 - r2 * width) + padLeft;
  const x3 = <i32>(p3 - r3 * width) + padLeft;
  const n0 = r0 / height;
  const n1 = r1 / height;
  const n2 = r2 / height;
  const n3 = r3 / height;
  const stop = k0 + depth;
  const tap = k0 / outGroup;
  let co = k0 - tap * outGroup;
  let ky = <i32>(tap / kernelWidth);
  let kx = <i32>(tap % kernelWidth);
  for (let k = k0; k < stop; ) {
    const run = min(outGroup - co, stop - k);
    const dv = (<i32>kernelHeight - 1 - ky) * dilationHeight;
    const dh = (<i32>kernelWidth - 1 - kx) * dilationWidth;
    const s0 = source(dy, zeros, n0, y0 - dv, x0 - dh, strideHeight, strideWidth, outHeight, outWidth, outChannels, co);
    const s1 = source(dy, zeros, n1, y1 - dv, x1 - dh, strideHeight, strideWidth, outHeight, outWidth, outChannels, co);
    const s2 = source(dy, zeros, n2, y2 - dv, x2 - dh, strideHeight, strideWidth, outHeight, outWidth, outChannels, co);
    const s3 = source(dy, zeros, n3, y3 - dv, x3 - dh, strideHeight, strideWidth, outHeight, outWidth, outChannels, co);
    interleave(out, s0, s1, s2, s3, run);
    out += <usize>run << 4;
    k += run;
    co = 0;
    kx++;
    if (kx == <i32>kernelWidth) {
      kx = 0;
      ky++;
    }
  }
}

export function conv2dInputGrad(
  dx: usize, dy: usize, packed: usize, scratch: usize,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, outChannels: u32, kernelHeight: u32, kernelWidth: u32,
  strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, groups: u32,
  start: u32, end: u32,
): void {
  if (strideHeight == 1 && strideWidth == 1) {
    const top = <i32>(dilationHeight * (kernelHeight - 1)) - <i32>padTop;
    const left = <i32>(dilationWidth * (kernelWidth - 1)) - <i32>padLeft;
    return convolve(
      dx, dy, packed, 0, scratch, 0, 0, batch, outHeight, outWidth, outChannels, height, width, channels, kernelHeight, kernelWidth, 1, 1,
      top, left, dilationHeight, dilationWidth, groups, start, end,
    );
  }
  const inGroup = channels / groups;
  const outGroup = outChannels / groups;
  const pixels = batch * height * width;
  const perGroup = (pixels + 3) >> 2;
  const k = kernelHeight * kernelWidth * outGroup;
  const panelBytes = <usize>((inGroup + 7) >> 3) * (<usize>k << 5);
  const zeros = scratch + zerosOffset;
  memory.fill(zeros, 0, <usize>blockDepth << 2);
  for (let unit = start; unit < end; ) {
    const group = unit / perGroup;
    const strip = unit - group * perGroup;
    const strips = min(min(stripsAtOnce, end - unit), perGroup - strip);
    for (let k0: u32 = 0; k0 < k; k0 += blockDepth) {
      const depth = min(blockDepth, k - k0);
      for (let s: u32 = 0; s < strips; s++)
        packStrip(
          scratch + ((<usize>s * depth) << 4), at(dy, group * outGroup), zeros, (strip + s) << 2, pixels, k0, depth, outGroup,
          height, width, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft,
          dilationHeight, dilationWidth,
        );
      multiplyBlock(
        at(dx, group * inGroup), <usize>channels << 2, scratch, packed + group * panelBytes, strip << 2, pixels, strips, inGroup, k, k0,
        depth, k0 > 0, 0, 0, 0,
      );
    }
    unit += strips;
  }
}
