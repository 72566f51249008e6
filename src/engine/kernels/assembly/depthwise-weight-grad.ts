// The gradient by weights of a depthwise convolution: channels side by side in the lanes, where a product for each group would have one column.
// Each sum has the order of convolution-weight-grad.ts, the zeros of the padding included.

import { covered, isDirect } from "./convolution-direct";
import { blockDepth } from "./gemm";
import { at, load4, madd } from "./vector";

export function depthwiseWeightGrad(
  dw: usize, x: usize, dy: usize, accumulate: u32,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, outChannels: u32, kernelHeight: u32, kernelWidth: u32,
  strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, groups: u32,
  start: u32, end: u32,
): void {
  const imageHeight = covered(outHeight, strideHeight, kernelHeight, dilationHeight);
  const imageWidth = covered(outWidth, strideWidth, kernelWidth, dilationWidth);
  const direct = isDirect(imageHeight, imageWidth, 1, 1);
  const pixels = batch * outHeight * outWidth;
  // Blocks of whole lines begin anew with each sample; others go through the batch.
  const atOnce = direct ? max<u32>(1, blockDepth / outWidth) * outWidth : blockDepth;
  const within = direct ? outHeight * outWidth : pixels;
  const taps = kernelHeight * kernelWidth;
  for (let unit = start; unit < end; ) {
    const ky = unit / channels;
    const c = unit - ky * channels;
    const whole = c + 4 <= channels && unit + 4 <= end;
    for (let kx: u32 = 0; kx < kernelWidth; kx++) {
      const to = at(dw, c * taps + ky * kernelWidth + kx);
      let more = accumulate != 0;
      for (let first: u32 = 0; first < pixels; first += within) {
        for (let k0 = first; k0 < first + within; k0 += atOnce) {
          const sum = sumBlock(
            x, dy, c, whole, k0, min(k0 + atOnce, first + within), height, width, channels, outHeight, outWidth, strideHeight, strideWidth,
            <i32>(ky * dilationHeight) - <i32>padTop, <i32>(kx * dilationWidth) - <i32>padLeft,
          );
          add(to, f32x4.extract_lane(sum, 0), more);
          if (whole) {
            add(at(to, taps), f32x4.extract_lane(sum, 1), more);
            add(at(to, 2 * taps), f32x4.extract_lane(sum, 2), more);
            add(at(to, 3 * taps), f32x4.extract_lane(sum, 3), more);
          }
          more = true;
        }
      }
    }
    unit += whole ? 4 : 1;
  }
}

/** Σ over output pixels k0 … stop of what a tap met · dy, for four channels or one. */
function sumBlock(
  x: usize, dy: usize, c: u32, whole: bool, k0: u32, stop: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  strideHeight: u32, strideWidth: u32, top: i32, left: i32,
): v128 {
  let sum = f32x4.splat(0);
  let from = at(dy, k0 * channels + c);
  const step = <usize>channels << 2;
  for (let k = k0; k < stop; ) {
    const line = k / outWidth;
    let ox = k - line * outWidth;
    const run = min(outWidth - ox, stop - k);
    const sample = line / outHeight;
    const iy = <i32>((line - sample * outHeight) * strideHeight) + top;
    const row = at(x, (sample * height + <u32>iy) * width * channels + c);
    const inside = <u32>iy < height;
    for (let i: u32 = 0; i < run; i++, ox++, from += step) {
      const ix = <i32>(ox * strideWidth) + left;
      const met = inside && <u32>ix < width ? load4(at(row, <u32>ix * channels), whole) : f32x4.splat(0);
      sum = madd(met, load4(from, whole), sum);
    }
    k += run;
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function add(to: usize, value: f32, more: bool): void {
  f32.store(to, more ? f32.load(to) + value : value);
}
