// dx = the patches' gradient, dy · wᵀ, added back to where the patches came from. The gradient of 32 output pixels' patches is computed into scratch,
// some columns at a time, and scattered from the cache: no product is spent on padding or on the holes of a stride.

import { blockDepth, multiplyBlock, packStrip, stripsAtOnce } from "./gemm";
import { add, at } from "./vector";

/** Where in a thread's scratch the patches' gradients lie, behind the packed strips of dy. */
const patchesOffset: usize = 32768;
/** Columns (tap, channel) of the patches that are computed at once: 32 rows of 28 panels are 28 KB. */
const columnsAtOnce: u32 = 224;

// @ts-ignore: decorator
@inline
function clearRun(to: usize, count: u32): void {
  memory.fill(to, 0, <usize>count << 2);
}

// @ts-ignore: decorator
@inline
function addRun(to: usize, from: usize, count: u32): void {
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(to, i), add(v128.load(at(to, i)), v128.load(at(from, i))));
  for (; i < count; i++) f32.store(at(to, i), f32.load(at(to, i)) + f32.load(at(from, i)));
}

/**
 * Adds columns first … first + count of the patches of output pixels pixel … pixel + pixels of one sample to `image`, that sample's dx at the group's
 * first channel.
 */
function scatter(
  image: usize, patches: usize, pixel: u32, pixels: u32, first: u32, count: u32, inGroup: u32, height: u32, width: u32, channels: u32,
  outWidth: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32,
): void {
  const line = kernelWidth * inGroup;
  const joined = dilationWidth == 1 && inGroup == channels;
  const stop = first + count;
  let oy = pixel / outWidth;
  let ox = pixel - oy * outWidth;
  for (let p: u32 = 0; p < pixels; p++) {
    const left = <i32>(ox * strideWidth) - <i32>padLeft;
    for (let ky = first / line; ky * line < stop; ky++) {
      const iy = <i32>(oy * strideHeight + ky * dilationHeight) - <i32>padTop;
      if (<u32>iy >= height) continue;
      // Elements e0 … e1 of this row of taps are at hand; those of taps inside the image are added.
      const e0 = max(first, ky * line) - ky * line;
      const e1 = min(stop, (ky + 1) * line) - ky * line;
      const from = at(patches, p * columnsAtOnce + ky * line - first);
      const row = at(image, <u32>iy * width * channels);
      if (joined) {
        const low = max(e0, left < 0 ? <u32>-left * inGroup : 0);
        const high = min(e1, left < <i32>width ? (width - left) * inGroup : 0);
        if (low < high) addRun(row + ((<isize>left * channels + low) << 2), at(from, low), high - low);
        continue;
      }
      for (let kx = e0 / inGroup; kx * inGroup < e1; kx++) {
        const ix = left + <i32>(kx * dilationWidth);
        if (<u32>ix >= width) continue;
        const low = max(e0, kx * inGroup);
        const high = min(e1, (kx + 1) * inGroup);
        addRun(at(row, <u32>ix * channels + low - kx * inGroup), at(from, low), high - low);
      }
    }
    if (++ox == outWidth) {
      ox = 0;
      oy++;
    }
  }
}

export function conv2dInputGrad(
  dx: usize, dy: usize, packed: usize, scratch: usize,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, outChannels: u32, kernelHeight: u32, kernelWidth: u32,
  strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, groups: u32,
  start: u32, end: u32,
): void {
  const inGroup = channels / groups;
  const k = outChannels / groups;
  const n = kernelHeight * kernelWidth * inGroup;
  const pixels = outHeight * outWidth;
  const groupBytes = <usize>((n + 7) >> 3) * (<usize>k << 5);
  const patches = scratch + patchesOffset;
  for (let unit = start; unit < end; unit++) {
    const sample = unit / groups;
    const group = unit - sample * groups;
    const image = at(dx, sample * height * width * channels + group * inGroup);
    const from = at(dy, sample * pixels * outChannels + group * k);
    if (groups == 1) clearRun(image, height * width * channels);
    else for (let i: u32 = 0; i < height * width; i++) clearRun(at(image, i * channels), inGroup);
    for (let pixel: u32 = 0; pixel < pixels; pixel += stripsAtOnce << 2) {
      const rows = min(stripsAtOnce << 2, pixels - pixel);
      const strips = (rows + 3) >> 2;
      for (let first: u32 = 0; first < n; first += columnsAtOnce) {
        const count = min(columnsAtOnce, n - first);
        for (let k0: u32 = 0; k0 < k; k0 += blockDepth) {
          const depth = min(blockDepth, k - k0);
          if (first == 0 || k > blockDepth)
            for (let s: u32 = 0; s < strips; s++)
              packStrip(scratch + ((<usize>s * depth) << 4), from, pixel + (s << 2), pixels, k0, depth, outChannels, 1);
          multiplyBlock(
            patches, <usize>columnsAtOnce << 2, scratch, packed + group * groupBytes + ((<usize>first * k) << 2), 0, rows, strips, count, k, k0,
            depth, k0 > 0, 0, 0, 0,
          );
        }
        scatter(
          image, patches, pixel, rows, first, count, inGroup, height, width, channels, outWidth, kernelWidth, strideHeight, strideWidth,
          padTop, padLeft, dilationHeight, dilationWidth,
        );
      }
    }
  }
}
