// dw as a matrix product: rows are weights (tap, input channel), k counts output pixels, columns are output channels.

import { blockDepth, multiplyBlock, stripsAtOnce } from "./gemm";
import { at } from "./vector";

/**
 * Packs, for output pixels k0 … k0 + depth, the input that weight row (ky, kx, ci) met, into every fourth element of `out`; `lanes` = 4 takes four
 * adjacent channels at once. Output rows are walked run by run, so that only the ends of a run look at padding.
 */
function packRow(
  out: usize, x: usize, lanes: u32, k0: u32, depth: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  const stop = k0 + depth;
  const step = <usize>(channels * strideWidth) << 2;
  for (let k = k0; k < stop; ) {
    const row = k / outWidth;
    const ox = k - row * outWidth;
    const run = min(outWidth - ox, stop - k);
    const iy = <i32>(row % outHeight) * strideHeight + top;
    let ix = <i32>ox * strideWidth + left;
    let i: u32 = 0;
    if (<u32>iy < height) {
      for (; i < run && ix < 0; i++, ix += strideWidth, out += 16) storeLanes(out, 0, lanes);
      let p = at(x, ((row / outHeight) * height + iy) * width * channels + <u32>ix * channels);
      if (lanes == 4) {
        for (; i < run && ix < <i32>width; i++, ix += strideWidth, out += 16, p += step) v128.store(out, v128.load(p));
      } else {
        for (; i < run && ix < <i32>width; i++, ix += strideWidth, out += 16, p += step) f32.store(out, f32.load(p));
      }
    }
    for (; i < run; i++, out += 16) storeLanes(out, 0, lanes);
    k += run;
  }
}

// @ts-ignore: decorator
@inline
function storeLanes(out: usize, value: f32, lanes: u32): void {
  if (lanes == 4) v128.store(out, f32x4.splat(value));
  else f32.store(out, value);
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
  for (let unit = start; unit < end; ) {
    const group = unit / perGroup;
    const strip = unit - group * perGroup;
    const strips = min(min(stripsAtOnce, end - unit), perGroup - strip);
    for (let k0: u32 = 0; k0 < k; k0 += blockDepth) {
      const depth = min(blockDepth, k - k0);
      for (let s: u32 = 0; s < strips; s++) {
        const first = (strip + s) << 2;
        const lanes: u32 = inGroup % 4 == 0 ? 4 : 1;
        for (let lane: u32 = 0; lane < 4; lane += lanes) {
          const row = min(first + lane, rows - 1);
          const tap = row / inGroup;
          const from = at(x, group * inGroup + (row - tap * inGroup));
          const top = <i32>((tap / kernelWidth) * dilationHeight) - <i32>padTop;
          const left = <i32>((tap % kernelWidth) * dilationWidth) - <i32>padLeft;
          packRow(
            scratch + ((<usize>s * depth) << 4) + (<usize>lane << 2), from, lanes, k0, depth, height, width, channels, outHeight, outWidth,
            strideHeight, strideWidth, top, left,
          );
        }
      }
      multiplyBlock(
        at(dw, group * rows * outGroup), <usize>outGroup << 2, scratch, packed + group * panelBytes, strip << 2, rows, strips, outGroup, k,
        k0, depth, k0 > 0 || accumulate != 0,
      );
    }
    unit += strips;
  }
}
