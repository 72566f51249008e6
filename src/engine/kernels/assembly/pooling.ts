import { add, at, load4, mul, select4, splat, store4 } from "./vector";

/** y and winners of one window without padding, for 4 channels or more: the last four overlap those before them. `line` is bytes of one row of x. */
// @ts-ignore: decorator
@inline
function maxWindow(y: usize, winners: usize, x: usize, line: usize, channels: u32, kernelHeight: u32, kernelWidth: u32): void {
  const pixel = <usize>channels << 2;
  for (let c: u32 = 0; c < channels; c += 4) {
    const shift = <usize>min(c, channels - 4) << 2;
    let row = x + shift;
    let best = v128.load(row);
    let winner = i32x4.splat(0);
    let tap: i32 = 0;
    for (let ky: u32 = 0; ky < kernelHeight; ky++, row += line) {
      let p = row;
      for (let kx: u32 = 0; kx < kernelWidth; kx++, p += pixel, tap++) {
        const value = v128.load(p);
        // Not at most the best, and the best is a number: anything larger, or the first NaN.
        const wins = v128.andnot(f32x4.eq(best, best), f32x4.le(value, best));
        best = select4(wins, value, best);
        winner = select4(wins, i32x4.splat(tap), winner);
      }
    }
    v128.store(y + shift, best);
    v128.store(winners + shift, winner);
  }
}

export function maxPool2d(
  y: usize, winners: usize, x: usize, batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  kernelHeight: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, start: u32, end: u32,
): void {
  for (let pixel = start; pixel < end; pixel++) {
    const row = pixel / outWidth;
    const sample = row / outHeight;
    const top = <i32>((row - sample * outHeight) * strideHeight) - <i32>padTop;
    const left = <i32>((pixel - row * outWidth) * strideWidth) - <i32>padLeft;
    if (channels >= 4 && min(top, left) >= 0 && top + <i32>kernelHeight <= <i32>height && left + <i32>kernelWidth <= <i32>width) {
      const e = pixel * channels;
      const window = at(x, ((sample * height + top) * width + left) * channels);
      maxWindow(at(y, e), at(winners, e), window, <usize>(width * channels) << 2, channels, kernelHeight, kernelWidth);
      continue;
    }
    for (let c: u32 = 0; c < channels; ) {
      const whole = c + 4 <= channels;
      let best = splat(-f32.MAX_VALUE * 2);
      let winner = i32x4.splat(-1);
      for (let ky: u32 = 0; ky < kernelHeight; ky++) {
        const iy = top + <i32>ky;
        if (<u32>iy >= height) continue;
        for (let kx: u32 = 0; kx < kernelWidth; kx++) {
          const ix = left + <i32>kx;
          if (<u32>ix >= width) continue;
          const value = load4(at(x, ((sample * height + iy) * width + ix) * channels + c), whole);
          // The first tap, anything larger, and the first NaN.
          const none = i32x4.eq(winner, i32x4.splat(-1));
          const nan = v128.and(f32x4.ne(value, value), f32x4.eq(best, best));
          const wins = v128.or(v128.or(f32x4.gt(value, best), none), nan);
          best = select4(wins, value, best);
          winner = select4(wins, i32x4.splat(ky * kernelWidth + kx), winner);
        }
      }
      store4(at(y, pixel * channels + c), best, whole);
      store4(at(winners, pixel * channels + c), winner, whole);
      c += whole ? 4 : 1;
    }
  }
}

/** First window, along one axis, that covers position `place` counted from the padded edge. */
// @ts-ignore: decorator
@inline
function firstWindow(place: u32, kernel: u32, stride: u32): u32 {
  return place < kernel ? 0 : (place - kernel) / stride + 1;
}

/** One past the last such window. */
// @ts-ignore: decorator
@inline
function lastWindow(place: u32, stride: u32, windows: u32): u32 {
  return min(windows, place / stride + 1);
}

export function maxPool2dGrad(
  dx: usize, dy: usize, winners: usize, batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  kernelHeight: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, start: u32, end: u32,
): void {
  if (channels >= 4 && tiles(kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft))
    return spreadTiles(dx, dy, winners, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, splat(1), start, end);
  for (let pixel = start; pixel < end; pixel++) {
    const row = pixel / width;
    const sample = row / height;
    const py = row - sample * height + padTop;
    const px = pixel - row * width + padLeft;
    const lastY = lastWindow(py, strideHeight, outHeight);
    const lastX = lastWindow(px, strideWidth, outWidth);
    const firstY = firstWindow(py, kernelHeight, strideHeight);
    const firstX = firstWindow(px, kernelWidth, strideWidth);
    for (let c: u32 = 0; c < channels; ) {
      const whole = c + 4 <= channels;
      let total = splat(0);
      for (let oy = firstY; oy < lastY; oy++)
        for (let ox = firstX; ox < lastX; ox++) {
          const tap = (py - oy * strideHeight) * kernelWidth + (px - ox * strideWidth);
          const e = ((sample * outHeight + oy) * outWidth + ox) * channels + c;
          const won = i32x4.eq(load4(at(winners, e), whole), i32x4.splat(tap));
          total = add(total, v128.and(load4(at(dy, e), whole), won));
        }
      store4(at(dx, pixel * channels + c), total, whole);
      c += whole ? 4 : 1;
    }
  }
}

/** How many of a window's taps lie inside the input. */
// @ts-ignore: decorator
@inline
function insideTaps(first: i32, kernel: u32, size: u32): i32 {
  return max(0, min(first + <i32>kernel, <i32>size) - max(first, 0));
}

/** 1 over the number that a window's sum is divided by. */
// @ts-ignore: decorator
@inline
function share(top: i32, left: i32, kernelHeight: u32, kernelWidth: u32, height: u32, width: u32, countPadding: u32): f32 {
  const inside = insideTaps(top, kernelHeight, height) * insideTaps(left, kernelWidth, width);
  return 1 / <f32>(countPadding ? <i32>(kernelHeight * kernelWidth) : max(1, inside));
}

/** Whether windows tile the input: each element is in at most one, and no padding. */
// @ts-ignore: decorator
@inline
function tiles(kernelHeight: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32): bool {
  return kernelHeight == strideHeight && kernelWidth == strideWidth && (padTop | padLeft) == 0;
}

/** to[c] = factor · Σ over a window of x, for 4 channels or more: the last four overlap those before them. `line` is bytes of one row of the input. */
// @ts-ignore: decorator
@inline
function averageWindow(to: usize, x: usize, line: usize, channels: u32, kernelHeight: u32, kernelWidth: u32, factor: v128): void {
  const pixel = <usize>channels << 2;
  for (let c: u32 = 0; c < channels; c += 4) {
    const shift = <usize>min(c, channels - 4) << 2;
    let total = splat(0);
    let row = x + shift;
    for (let ky: u32 = 0; ky < kernelHeight; ky++, row += line) {
      let p = row;
      for (let kx: u32 = 0; kx < kernelWidth; kx++, p += pixel) total = add(total, v128.load(p));
    }
    v128.store(to + shift, mul(total, factor));
  }
}

/**
 * dx of windows that tile the input, for 4 channels or more: every element takes its window's share of dy, times `factor` (average), or dy where it won
 * (`winners` is not 0: maximum).
 */
function spreadTiles(
  dx: usize, dy: usize, winners: usize, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32, kernelHeight: u32,
  kernelWidth: u32, factor: v128, start: u32, end: u32,
): void {
  const bytes = <usize>channels << 2;
  let to = at(dx, start * channels);
  for (let pixel = start; pixel < end; ) {
    const row = pixel / width;
    const sample = row / height;
    const py = row - sample * height;
    const oy = py / kernelHeight;
    const lineTap = (py - oy * kernelHeight) * kernelWidth;
    let px = pixel - row * width;
    const stop = min(width, px + (end - pixel));
    pixel += stop - px;
    let ox = px / kernelWidth;
    let phase = px - ox * kernelWidth;
    let from = at(dy, ((sample * outHeight + oy) * outWidth + ox) * channels);
    const toWinners = winners - dy;
    for (; px < stop; px++, to += bytes) {
      if (oy < outHeight && ox < outWidth && winners != 0) {
        const tap = i32x4.splat(lineTap + phase);
        for (let c: u32 = 0; c < channels; c += 4) {
          const shift = <usize>min(c, channels - 4) << 2;
          const won = i32x4.eq(v128.load(from + toWinners + shift), tap);
          v128.store(to + shift, add(splat(0), v128.and(v128.load(from + shift), won)));
        }
      } else if (oy < outHeight && ox < outWidth) {
        for (let c: u32 = 0; c < channels; c += 4) {
          const shift = <usize>min(c, channels - 4) << 2;
          v128.store(to + shift, add(splat(0), mul(v128.load(from + shift), factor)));
        }
      } else {
        memory.fill(to, 0, bytes);
      }
      if (++phase == kernelWidth) {
        phase = 0;
        ox++;
        from += bytes;
      }
    }
  }
}

export function averagePool2d(
  y: usize, x: usize, countPadding: u32, batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  kernelHeight: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, start: u32, end: u32,
): void {
  for (let pixel = start; pixel < end; pixel++) {
    const row = pixel / outWidth;
    const sample = row / outHeight;
    const top = <i32>((row - sample * outHeight) * strideHeight) - <i32>padTop;
    const left = <i32>((pixel - row * outWidth) * strideWidth) - <i32>padLeft;
    const factor = splat(share(top, left, kernelHeight, kernelWidth, height, width, countPadding));
    const firstY = max(top, 0);
    const firstX = max(left, 0);
    const lastY = min(top + <i32>kernelHeight, <i32>height);
    const lastX = min(left + <i32>kernelWidth, <i32>width);
    if (channels >= 4) {
      const window = at(x, ((sample * height + firstY) * width + firstX) * channels);
      averageWindow(at(y, pixel * channels), window, <usize>(width * channels) << 2, channels, lastY - firstY, lastX - firstX, factor);
      continue;
    }
    for (let c: u32 = 0; c < channels; ) {
      const whole = c + 4 <= channels;
      let total = splat(0);
      for (let iy = firstY; iy < lastY; iy++)
        for (let ix = firstX; ix < lastX; ix++) total = add(total, load4(at(x, ((sample * height + iy) * width + ix) * channels + c), whole));
      store4(at(y, pixel * channels + c), mul(total, factor), whole);
      c += whole ? 4 : 1;
    }
  }
}

export function averagePool2dGrad(
  dx: usize, dy: usize, countPadding: u32, batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  kernelHeight: u32, kernelWidth: u32, strideHeight: u32, strideWidth: u32, padTop: u32, padLeft: u32, start: u32, end: u32,
): void {
  // Without padding that counts for less, every window has the same share.
  const uniform = countPadding != 0 || (padTop | padLeft) == 0 && (outHeight - 1) * strideHeight + kernelHeight <= height &&
    (outWidth - 1) * strideWidth + kernelWidth <= width;
  const full = splat(share(0, 0, kernelHeight, kernelWidth, height, width, 1));
  if (uniform && channels >= 4 && tiles(kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft))
    return spreadTiles(dx, dy, 0, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, full, start, end);
  for (let pixel = start; pixel < end; pixel++) {
    const row = pixel / width;
    const sample = row / height;
    const py = row - sample * height + padTop;
    const px = pixel - row * width + padLeft;
    const lastY = lastWindow(py, strideHeight, outHeight);
    const lastX = lastWindow(px, strideWidth, outWidth);
    const firstY = firstWindow(py, kernelHeight, strideHeight);
    const firstX = firstWindow(px, kernelWidth, strideWidth);
    for (let c: u32 = 0; c < channels; ) {
      const whole = c + 4 <= channels;
      let total = splat(0);
      for (let oy = firstY; oy < lastY; oy++)
        for (let ox = firstX; ox < lastX; ox++) {
          const top = <i32>(oy * strideHeight) - <i32>padTop;
          const left = <i32>(ox * strideWidth) - <i32>padLeft;
          const factor = uniform ? full : splat(share(top, left, kernelHeight, kernelWidth, height, width, 0));
          total = add(total, mul(load4(at(dy, ((sample * outHeight + oy) * outWidth + ox) * channels + c), whole), factor));
        }
      store4(at(dx, pixel * channels + c), total, whole);
      c += whole ? 4 : 1;
    }
  }
}

export function globalAveragePool(y: usize, x: usize, pixels: u32, channels: u32, start: u32, end: u32): void {
  const factor = splat(1 / <f32>pixels);
  for (let s = start; s < end; s++)
    for (let c: u32 = 0; c < channels; ) {
      const whole = c + 4 <= channels;
      let total = splat(0);
      for (let p: u32 = 0; p < pixels; p++) total = add(total, load4(at(x, (s * pixels + p) * channels + c), whole));
      store4(at(y, s * channels + c), mul(total, factor), whole);
      c += whole ? 4 : 1;
    }
}

export function globalAveragePoolGrad(dx: usize, dy: usize, pixels: u32, channels: u32, start: u32, end: u32): void {
  const factor = splat(1 / <f32>pixels);
  for (let s = start; s < end; s++)
    for (let p: u32 = 0; p < pixels; p++)
      for (let c: u32 = 0; c < channels; ) {
        const whole = c + 4 <= channels;
        store4(at(dx, (s * pixels + p) * channels + c), mul(load4(at(dy, s * channels + c), whole), factor), whole);
        c += whole ? 4 : 1;
      }
}
