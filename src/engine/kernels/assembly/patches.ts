// Patches of a convolution as a matrix and back. Where a row of taps meets adjacent input (no dilation, one group), it is moved as one run.

import { add, at } from "./vector";

// @ts-ignore: decorator
@inline
function copyRun(to: usize, from: usize, count: u32): void {
  if (count < 4) {
    f32.store(to, f32.load(from));
    if (count > 1) f32.store(to, f32.load(from, 4), 4);
    if (count > 2) f32.store(to, f32.load(from, 8), 8);
    return;
  }
  // The last vector overlaps the one before it.
  const rest = at(from, count - 4);
  const last = at(to, count - 4);
  for (; to < last; to += 16, from += 16) v128.store(to, v128.load(from));
  v128.store(last, v128.load(rest));
}

/** For the short runs of padding: faster than the call behind memory.fill. */
// @ts-ignore: decorator
@inline
function zeroRun(to: usize, count: u32): void {
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(to, i), f32x4.splat(0));
  for (; i < count; i++) f32.store(at(to, i), 0);
}

// @ts-ignore: decorator
@inline
export function clearRun(to: usize, count: u32): void {
  memory.fill(to, 0, <usize>count << 2);
}

// @ts-ignore: decorator
@inline
export function addRun(to: usize, from: usize, count: u32): void {
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(to, i), add(v128.load(at(to, i)), v128.load(at(from, i))));
  for (; i < count; i++) f32.store(at(to, i), f32.load(at(to, i)) + f32.load(at(from, i)));
}

export function im2col(
  out: usize, x: usize, group: u32,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, outChannels: u32, kernelHeight: u32, kernelWidth: u32,
  strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, groups: u32,
  start: u32, end: u32,
): void {
  const inGroup = channels / groups;
  const line = kernelWidth * inGroup;
  const joined = dilationWidth == 1 && groups == 1;
  const from = at(x, group * inGroup);
  let to = at(out, start * kernelHeight * line);
  let ox = start % outWidth;
  let oy = (start / outWidth) % outHeight;
  let sample = start / (outWidth * outHeight);
  for (let pixel = start; pixel < end; pixel++) {
    const left = <i32>(ox * strideWidth) - <i32>padLeft;
    const inside = joined && left >= 0 && left + <i32>kernelWidth <= <i32>width;
    for (let ky: u32 = 0; ky < kernelHeight; ky++, to = at(to, line)) {
      const iy = <i32>(oy * strideHeight + ky * dilationHeight) - <i32>padTop;
      if (<u32>iy >= height) {
        zeroRun(to, line);
        continue;
      }
      const row = (sample * height + <u32>iy) * width;
      if (inside) {
        copyRun(to, at(from, (row + <u32>left) * channels), line);
        continue;
      }
      for (let kx: u32 = 0; kx < kernelWidth; kx++) {
        const ix = left + <i32>(kx * dilationWidth);
        if (<u32>ix < width) copyRun(at(to, kx * inGroup), at(from, (row + <u32>ix) * channels), inGroup);
        else zeroRun(at(to, kx * inGroup), inGroup);
      }
    }
    if (++ox == outWidth) {
      ox = 0;
      if (++oy == outHeight) {
        oy = 0;
        sample++;
      }
    }
  }
}

export function col2im(
  dx: usize, patches: usize, group: u32, firstRow: u32, rows: u32,
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, outChannels: u32, kernelHeight: u32, kernelWidth: u32,
  strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, dilationHeight: u32, dilationWidth: u32, groups: u32,
  start: u32, end: u32,
): void {
  const inGroup = channels / groups;
  const line = kernelWidth * inGroup;
  const joined = dilationWidth == 1 && groups == 1;
  for (let sample = start; sample < end; sample++) {
    const image = at(dx, sample * height * width * channels + group * inGroup);
    if (firstRow == 0) {
      if (groups == 1) clearRun(image, height * width * channels);
      else for (let i: u32 = 0; i < height * width; i++) clearRun(at(image, i * channels), inGroup);
    }
    let from = at(patches, sample * rows * outWidth * kernelHeight * line);
    for (let oy = firstRow; oy < firstRow + rows; oy++)
      for (let ox: u32 = 0; ox < outWidth; ox++) {
        const left = <i32>(ox * strideWidth) - <i32>padLeft;
        const inside = joined && left >= 0 && left + <i32>kernelWidth <= <i32>width;
        for (let ky: u32 = 0; ky < kernelHeight; ky++, from = at(from, line)) {
          const iy = <i32>(oy * strideHeight + ky * dilationHeight) - <i32>padTop;
          if (<u32>iy >= height) continue;
          const row = <u32>iy * width;
          if (inside) {
            addRun(at(image, (row + <u32>left) * channels), from, line);
            continue;
          }
          for (let kx: u32 = 0; kx < kernelWidth; kx++) {
            const ix = left + <i32>(kx * dilationWidth);
            if (<u32>ix < width) addRun(at(image, (row + <u32>ix) * channels), at(from, kx * inGroup), inGroup);
          }
        }
      }
  }
}
