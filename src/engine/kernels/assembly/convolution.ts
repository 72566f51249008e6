// Convolution as a matrix product whose left side, the patches, is packed strip by strip into scratch and never exists as a whole.

import { covered, directTile, imageOffset, isDirect, loadImage } from "./convolution-direct";
import { finishTile } from "./gemm-tile";
import { blockDepth, interleave, multiplyBlock, stripsAtOnce, zerosOffset } from "./gemm";
import { at } from "./vector";

/** Row of zeros that padding reads: as long as the longest run of a block. */
function clearZeros(scratch: usize): void {
  memory.fill(scratch + zerosOffset, 0, <usize>blockDepth << 2);
}

/**
 * Packs one strip of 4 output pixels, patch columns k0 … k0 + depth, k counting (tap, channel). Pixels past the last repeat the last: their
 * results are not stored. `x` points at the group's first channel.
 */
function packPatches(
  out: usize, x: usize, zeros: usize, pixel: u32, pixels: u32, k0: u32, depth: u32, inGroup: u32, height: i32, width: i32, channels: u32,
  outHeight: u32, outWidth: u32, kernelWidth: u32, strideHeight: i32, strideWidth: i32, padTop: i32, padLeft: i32,
  dilationHeight: i32, dilationWidth: i32,
): void {
  const last = pixels - 1;
  const r0 = pixel / outWidth;
  const ox = pixel - r0 * outWidth;
  const sample = r0 / outHeight;
  const y0 = <i32>(r0 - sample * outHeight) * strideHeight - padTop;
  const x0 = <i32>ox * strideWidth - padLeft;
  const n0 = <i32>sample * height;
  const oneRow = ox + 3 < outWidth;
  let y1 = y0, y2 = y0, y3 = y0;
  let x1 = x0 + strideWidth, x2 = x1 + strideWidth, x3 = x2 + strideWidth;
  let n1 = n0, n2 = n0, n3 = n0;
  if (!oneRow) {
    const p1 = min(pixel + 1, last);
    const p2 = min(pixel + 2, last);
    const p3 = min(pixel + 3, last);
    const r1 = p1 / outWidth;
    const r2 = p2 / outWidth;
    const r3 = p3 / outWidth;
    y1 = <i32>(r1 % outHeight) * strideHeight - padTop;
    y2 = <i32>(r2 % outHeight) * strideHeight - padTop;
    y3 = <i32>(r3 % outHeight) * strideHeight - padTop;
    x1 = <i32>(p1 - r1 * outWidth) * strideWidth - padLeft;
    x2 = <i32>(p2 - r2 * outWidth) * strideWidth - padLeft;
    x3 = <i32>(p3 - r3 * outWidth) * strideWidth - padLeft;
    n1 = <i32>(r1 / outHeight) * height;
    n2 = <i32>(r2 / outHeight) * height;
    n3 = <i32>(r3 / outHeight) * height;
  }
  // Four neighbours of one row of a single-channel image are four adjacent elements.
  const adjacent = channels == 1 && strideWidth == 1 && oneRow;
  // Where no tap of a kernel row falls into the padding, and nothing lies between taps, the row is one run of kernelWidth · channels elements.
  const joined =
    inGroup == channels && dilationWidth == 1 && min(min(x0, x1), min(x2, x3)) >= 0 &&
    max(max(x0, x1), max(x2, x3)) + <i32>kernelWidth <= width;
  const stop = k0 + depth;
  const tap = k0 / inGroup;
  let ci = k0 - tap * inGroup;
  let ky = <i32>(tap / kernelWidth);
  let kx = <i32>(tap % kernelWidth);
  for (let k = k0; k < stop; ) {
    const length = joined ? (kernelWidth - kx) * inGroup - ci : inGroup - ci;
    const run = min(length, stop - k);
    const dy = ky * dilationHeight;
    const dx = kx * dilationWidth;
    const ix = x0 + dx;
    const inside = <u32>(y0 + dy) < <u32>height;
    if (adjacent && inside && (joined || (ix >= 0 && ix + 3 < width))) {
      const from = at(x, <u32>((n0 + y0 + dy) * width + ix));
      for (let i: u32 = 0; i < run; i++) v128.store(out + (<usize>i << 4), v128.load(at(from, i)));
    } else {
      const s0 = source(x, zeros, n0, y0 + dy, ix, height, width, channels, ci);
      const s1 = source(x, zeros, n1, y1 + dy, x1 + dx, height, width, channels, ci);
      const s2 = source(x, zeros, n2, y2 + dy, x2 + dx, height, width, channels, ci);
      const s3 = source(x, zeros, n3, y3 + dy, x3 + dx, height, width, channels, ci);
      interleave(out, s0, s1, s2, s3, run);
    }
    out += <usize>run << 4;
    k += run;
    ci = 0;
    kx++;
    if (joined || kx == <i32>kernelWidth) {
      kx = 0;
      ky++;
    }
  }
}

// @ts-ignore: decorator
@inline
function source(x: usize, zeros: usize, row: i32, iy: i32, ix: i32, height: i32, width: i32, channels: u32, ci: u32): usize {
  const inside = <u32>iy < <u32>height && <u32>ix < <u32>width;
  return inside ? at(x, <u32>((row + iy) * width + ix) * channels + ci) : zeros;
}

/** Address in a sample's padded image of the first tap of output pixel `pixel` of the sample. */
// @ts-ignore: decorator
@inline
function windowOf(image: usize, pixel: u32, outWidth: u32, strideHeight: u32, strideWidth: u32, imageWidth: u32, inGroup: u32): usize {
  const oy = pixel / outWidth;
  return at(image, (oy * strideHeight * imageWidth + (pixel - oy * outWidth) * strideWidth) * inGroup);
}

/** One strip of 4 output pixels of one sample, read from its padded image: all columns of the group. `first` is its first pixel in the sample. */
function directStrip(
  c: usize, cRow: usize, image: usize, packed: usize, bias: usize, activation: u32, slope: f32, first: u32, rows: u32, outGroup: u32, k: u32,
  outWidth: u32, kernelHeight: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32, dilationHeight: u32, imageWidth: u32, inGroup: u32,
): void {
  const oy = first / outWidth;
  const ox = first - oy * outWidth;
  const pixelStep = <usize>(strideWidth * inGroup) << 2;
  const p0 = at(image, (oy * strideHeight * imageWidth + ox * strideWidth) * inGroup);
  let p1 = p0 + pixelStep;
  let p2 = p1 + pixelStep;
  let p3 = p2 + pixelStep;
  if (ox + 3 >= outWidth) {
    const last = first + rows - 1;
    p1 = windowOf(image, min(first + 1, last), outWidth, strideHeight, strideWidth, imageWidth, inGroup);
    p2 = windowOf(image, min(first + 2, last), outWidth, strideHeight, strideWidth, imageWidth, inGroup);
    p3 = windowOf(image, last, outWidth, strideHeight, strideWidth, imageWidth, inGroup);
  }
  const lineStep = <usize>(dilationHeight * imageWidth * inGroup) << 2;
  for (let j: u32 = 0; j < outGroup; j += 8) {
    const cols = min<u32>(8, outGroup - j);
    const panel = packed + ((<usize>j * k) << 2);
    directTile(at(c, j), cRow, p0, p1, p2, p3, 4, lineStep, kernelHeight, kernelWidth * inGroup, panel, false, rows, cols);
    if (bias || activation) finishTile(at(c, j), cRow, rows, cols, bias ? at(bias, j) : 0, activation, slope);
  }
}

/** Units are strips of 4 pixels, group after group. */
function convolveUnits(
  y: usize, x: usize, packed: usize, bias: usize, scratch: usize, activation: u32, slope: f32,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, outChannels: u32, kernelHeight: u32, kernelWidth: u32,
  strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, groups: u32,
  start: u32, end: u32,
): void {
  const inGroup = channels / groups;
  const outGroup = outChannels / groups;
  const pixels = batch * outHeight * outWidth;
  const perGroup = (pixels + 3) >> 2;
  const k = kernelHeight * kernelWidth * inGroup;
  const panelBytes = <usize>((outGroup + 7) >> 3) * (<usize>k << 5);
  const samplePixels = outHeight * outWidth;
  const imageHeight = covered(outHeight, strideHeight, kernelHeight, dilationHeight);
  const imageWidth = covered(outWidth, strideWidth, kernelWidth, dilationWidth);
  const direct = k <= blockDepth && dilationWidth == 1 && isDirect(imageHeight, imageWidth, inGroup, outGroup);
  let loaded: u32 = u32.MAX_VALUE;
  clearZeros(scratch);
  for (let unit = start; unit < end; ) {
    const group = unit / perGroup;
    const strip = unit - group * perGroup;
    const strips = direct ? <u32>1 : min(min(stripsAtOnce, end - unit), perGroup - strip);
    const row = strip << 2;
    const rows = min<u32>(4, pixels - row);
    const sample = row / samplePixels;
    // A strip that begins in one sample and ends in the next is packed.
    if (direct && row + rows <= (sample + 1) * samplePixels) {
      const image = scratch + imageOffset;
      if (loaded != group * batch + sample) {
        loaded = group * batch + sample;
        const from = at(x, sample * height * width * channels + group * inGroup);
        loadImage(image, from, height, width, channels, inGroup, imageHeight, imageWidth, padTop, padLeft);
      }
      directStrip(
        at(y, row * outChannels + group * outGroup), <usize>outChannels << 2, image, packed + group * panelBytes,
        bias ? at(bias, group * outGroup) : 0, activation, slope, row - sample * samplePixels, rows, outGroup, k, outWidth, kernelHeight,
        kernelWidth, strideHeight, strideWidth, dilationHeight, imageWidth, inGroup,
      );
      unit++;
      continue;
    }
    for (let k0: u32 = 0; k0 < k; k0 += blockDepth) {
      const depth = min(blockDepth, k - k0);
      for (let s: u32 = 0; s < strips; s++)
        packPatches(
          scratch + ((<usize>s * depth) << 4), at(x, group * inGroup), scratch + zerosOffset, row + (s << 2), pixels, k0, depth, inGroup,
          height, width, channels, outHeight, outWidth, kernelWidth, strideHeight, strideWidth, padTop, padLeft, dilationHeight, dilationWidth,
        );
      multiplyBlock(
        at(y, group * outGroup), <usize>outChannels << 2, scratch, packed + group * panelBytes, row, pixels, strips, outGroup, k, k0, depth,
        k0 > 0, bias ? at(bias, group * outGroup) : 0, activation, slope,
      );
    }
    unit += strips;
  }
}

/** Units of one channel in and out of each group are strips of 4 pixels with all channels. */
export function conv2d(
  y: usize, x: usize, packed: usize, bias: usize, scratch: usize, activation: u32, slope: f32,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, outChannels: u32, kernelHeight: u32, kernelWidth: u32,
  strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, groups: u32,
  start: u32, end: u32,
): void {
  if (groups == 1 || groups != channels || groups != outChannels) {
    convolveUnits(
      y, x, packed, bias, scratch, activation, slope, batch, height, width, channels, outHeight, outWidth, outChannels, kernelHeight,
      kernelWidth, strideHeight, strideWidth, padTop, padLeft, dilationHeight, dilationWidth, groups, start, end,
    );
    return;
  }
  const perGroup = (batch * outHeight * outWidth + 3) >> 2;
  for (let group: u32 = 0; group < groups; group++)
    convolveUnits(
      y, x, packed, bias, scratch, activation, slope, batch, height, width, channels, outHeight, outWidth, outChannels, kernelHeight,
      kernelWidth, strideHeight, strideWidth, padTop, padLeft, dilationHeight, dilationWidth, groups, group * perGroup + start, group * perGroup + end,
    );
}
