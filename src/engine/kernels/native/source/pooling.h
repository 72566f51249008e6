// Pooling and its gradients: families/pooling.ts.
#pragma once
#include "elementary.h"

typedef struct {
  u32 batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft;
} Pool;

static Pool pool_of(const double *a) {
  const Pool g = {WHOLE(0), WHOLE(1), WHOLE(2), WHOLE(3), WHOLE(4), WHOLE(5), WHOLE(6), WHOLE(7), WHOLE(8), WHOLE(9), WHOLE(10), WHOLE(11)};
  return g;
}

INLINE vm lanes_equal(vi x, vi y) { return eq(__builtin_convertvector(x - y, vf), zero()); }

/** A place in a grid of pixels, moved on without a division. */
typedef struct {
  u32 sample, y, x;
} Place;
INLINE Place place_of(u32 pixel, u32 height, u32 width) {
  const u32 row = pixel / width, sample = row / height;
  return (Place){sample, row - sample * height, pixel - row * width};
}
INLINE void move_on(Place *place, u32 height, u32 width) {
  if (++place->x < width) return;
  place->x = 0;
  if (++place->y < height) return;
  place->y = 0;
  place->sample++;
}

/** Output pixels [start, end): best and winner of each window; the first tap, anything larger, and the first NaN win. */
KERNEL(maxPool2d) {
  const Pool g = pool_of(a + 3);
  Place at = place_of(start, g.outHeight, g.outWidth);
  for (u32 pixel = start; pixel < end; pixel++, move_on(&at, g.outHeight, g.outWidth)) {
    const u32 sample = at.sample;
    const i32 top = (i32)(at.y * g.strideHeight - g.padTop), left = (i32)(at.x * g.strideWidth - g.padLeft);
    for (u32 c = 0; c < g.channels; c += LANES) {
      const u32 n = g.channels - c;
      vf best = splat(-INFINITY);
      vi winner = (vi){} - 1;
      for (u32 ky = 0; ky < g.kernelHeight; ky++) {
        const u32 iy = (u32)top + ky;
        if (iy >= g.height) continue;
        for (u32 kx = 0; kx < g.kernelWidth; kx++) {
          const u32 ix = (u32)left + kx;
          if (ix >= g.width) continue;
          const vf value = load_some(FLOATS(2) + (((size_t)sample * g.height + iy) * g.width + ix) * g.channels + c, n);
          // Not at most the best, and the best is a number; or nothing was seen yet.
          const vm none = lanes_equal(winner, (vi){} - 1);
          const vm wins = either(none, both(not(le(value, best)), eq(best, best)));
          best = sel(wins, value, best);
          winner = bits(sel(wins, floats((vi){} + (i32)(ky * g.kernelWidth + kx)), floats(winner)));
        }
      }
      store_some(FLOATS(0) + (size_t)pixel * g.channels + c, best, n);
      store_some(FLOATS(1) + (size_t)pixel * g.channels + c, floats(winner), n);
    }
  }
}

/** First window, along one axis, that covers position `place` counted from the padded edge; and one past the last. */
INLINE u32 first_window(u32 place, u32 kernel, u32 stride) { return place < kernel ? 0 : (place - kernel) / stride + 1; }
INLINE u32 last_window(u32 place, u32 stride, u32 windows) { return least(windows, place / stride + 1); }

/** The windows that cover a pixel; those along y are kept for a whole row. */
typedef struct {
  u32 firstY, lastY, firstX, lastX, pixels;
} PoolWindows;
INLINE void place_pool_windows(PoolWindows *w, const Pool *g, u32 py, u32 px, u32 x) {
  if (w->pixels++ == 0 || x == 0) {
    w->firstY = first_window(py, g->kernelHeight, g->strideHeight);
    w->lastY = last_window(py, g->strideHeight, g->outHeight);
  }
  w->firstX = first_window(px, g->kernelWidth, g->strideWidth);
  w->lastX = last_window(px, g->strideWidth, g->outWidth);
}

KERNEL(maxPool2dGrad) {
  const Pool g = pool_of(a + 3);
  Place at = place_of(start, g.height, g.width);
  PoolWindows windows = {.pixels = 0};
  for (u32 pixel = start; pixel < end; pixel++, move_on(&at, g.height, g.width)) {
    const u32 sample = at.sample, py = at.y + g.padTop, px = at.x + g.padLeft;
    place_pool_windows(&windows, &g, py, px, at.x);
    const u32 lastY = windows.lastY, lastX = windows.lastX, firstY = windows.firstY, firstX = windows.firstX;
    for (u32 c = 0; c < g.channels; c += LANES) {
      const u32 n = g.channels - c;
      vf total = zero();
      for (u32 oy = firstY; oy < lastY; oy++)
        for (u32 ox = firstX; ox < lastX; ox++) {
          const i32 tap = (i32)((py - oy * g.strideHeight) * g.kernelWidth + (px - ox * g.strideWidth));
          const size_t e = (((size_t)sample * g.outHeight + oy) * g.outWidth + ox) * g.channels + c;
          const vm won = lanes_equal(bits(load_some(FLOATS(2) + e, n)), (vi){} + tap);
          total = total + keep(load_some(FLOATS(1) + e, n), won);
        }
      store_some(FLOATS(0) + (size_t)pixel * g.channels + c, total, n);
    }
  }
}

INLINE i32 inside_taps(i32 first, u32 kernel, u32 size) {
  const i32 last = first + (i32)kernel < (i32)size ? first + (i32)kernel : (i32)size, from = first > 0 ? first : 0;
  return last > from ? last - from : 0;
}

/** 1 over the number that a window's sum is divided by. */
INLINE float share_of(const Pool *g, i32 top, i32 left, int countPadding) {
  const i32 inside = inside_taps(top, g->kernelHeight, g->height) * inside_taps(left, g->kernelWidth, g->width);
  return 1 / (float)(countPadding ? (i32)(g->kernelHeight * g->kernelWidth) : inside > 1 ? inside : 1);
}

KERNEL(averagePool2d) {
  const int countPadding = WHOLE(2) != 0;
  const Pool g = pool_of(a + 3);
  Place at = place_of(start, g.outHeight, g.outWidth);
  for (u32 pixel = start; pixel < end; pixel++, move_on(&at, g.outHeight, g.outWidth)) {
    const u32 sample = at.sample;
    const i32 top = (i32)(at.y * g.strideHeight - g.padTop), left = (i32)(at.x * g.strideWidth - g.padLeft);
    const vf factor = splat(share_of(&g, top, left, countPadding));
    const i32 firstY = top > 0 ? top : 0, firstX = left > 0 ? left : 0;
    const i32 lastY = top + (i32)g.kernelHeight < (i32)g.height ? top + (i32)g.kernelHeight : (i32)g.height;
    const i32 lastX = left + (i32)g.kernelWidth < (i32)g.width ? left + (i32)g.kernelWidth : (i32)g.width;
    for (u32 c = 0; c < g.channels; c += LANES) {
      const u32 n = g.channels - c;
      vf total = zero();
      for (i32 iy = firstY; iy < lastY; iy++)
        for (i32 ix = firstX; ix < lastX; ix++)
          total = total + load_some(FLOATS(1) + (((size_t)sample * g.height + (u32)iy) * g.width + (u32)ix) * g.channels + c, n);
      store_some(FLOATS(0) + (size_t)pixel * g.channels + c, total * factor, n);
    }
  }
}

KERNEL(averagePool2dGrad) {
  const int countPadding = WHOLE(2) != 0;
  const Pool g = pool_of(a + 3);
  // Without padding that counts for less, every window has the same share.
  const int uniform = countPadding || ((g.padTop | g.padLeft) == 0 && (g.outHeight - 1) * g.strideHeight + g.kernelHeight <= g.height &&
                                       (g.outWidth - 1) * g.strideWidth + g.kernelWidth <= g.width);
  const float full = share_of(&g, 0, 0, 1);
  Place at = place_of(start, g.height, g.width);
  PoolWindows windows = {.pixels = 0};
  for (u32 pixel = start; pixel < end; pixel++, move_on(&at, g.height, g.width)) {
    const u32 sample = at.sample, py = at.y + g.padTop, px = at.x + g.padLeft;
    place_pool_windows(&windows, &g, py, px, at.x);
    const u32 lastY = windows.lastY, lastX = windows.lastX, firstY = windows.firstY, firstX = windows.firstX;
    for (u32 c = 0; c < g.channels; c += LANES) {
      const u32 n = g.channels - c;
      vf total = zero();
      for (u32 oy = firstY; oy < lastY; oy++)
        for (u32 ox = firstX; ox < lastX; ox++) {
          const i32 top = (i32)(oy * g.strideHeight - g.padTop), left = (i32)(ox * g.strideWidth - g.padLeft);
          const vf factor = splat(uniform ? full : share_of(&g, top, left, 0));
          total = total + load_some(FLOATS(1) + (((size_t)sample * g.outHeight + oy) * g.outWidth + ox) * g.channels + c, n) * factor;
        }
      store_some(FLOATS(0) + (size_t)pixel * g.channels + c, total, n);
    }
  }
}

KERNEL(globalAveragePool) {
  const u32 pixels = WHOLE(2), channels = WHOLE(3);
  const vf factor = splat(1 / (float)pixels);
  for (u32 s = start; s < end; s++)
    for (u32 c = 0; c < channels; c += LANES) {
      const u32 n = channels - c;
      vf total = zero();
      for (u32 p = 0; p < pixels; p++) total = total + load_some(FLOATS(1) + ((size_t)s * pixels + p) * channels + c, n);
      store_some(FLOATS(0) + (size_t)s * channels + c, total * factor, n);
    }
}

KERNEL(globalAveragePoolGrad) {
  const u32 pixels = WHOLE(2), channels = WHOLE(3);
  const vf factor = splat(1 / (float)pixels);
  for (u32 s = start; s < end; s++)
    for (u32 p = 0; p < pixels; p++)
      for (u32 c = 0; c < channels; c += LANES) {
        const u32 n = channels - c;
        store_some(FLOATS(0) + ((size_t)s * pixels + p) * channels + c, load_some(FLOATS(1) + (size_t)s * channels + c, n) * factor, n);
      }
}
