// Depthwise convolutions, one channel in and out of each group: channels side by side in the lanes, where a product for each group would have one column.
#pragma once
// Each element's sum has the order of assembly/convolution*.ts: over the taps, padding included.
#include "convolution-gradients.h"

/** Weights of these channels, tap by tap: out[tap · LANES + lane] = packed[(c + lane) · step + tap · PANEL]. */
INLINE void load_taps(float *out, const float *packed, u32 c, u32 n, u32 taps, size_t step, u32 between) {
  for (u32 tap = 0; tap < taps; tap++)
    for (u32 lane = 0; lane < LANES; lane++) out[tap * LANES + lane] = lane < n ? packed[(c + lane) * step + tap * between] : 0;
}

INLINE int is_depthwise(const Conv *g) { return g->groups > 1 && g->inGroup == 1 && g->outGroup == 1; }

/** Whether it is a product of x, a row for each pixel, and the weights. */
INLINE int is_product(const Conv *g) {
  return g->taps == 1 && g->groups == 1 && g->strideHeight == 1 && g->strideWidth == 1 && g->padTop == 0 && g->padLeft == 0 &&
         g->outHeight == g->height && g->outWidth == g->width;
}

/** One output line of channels [c, c + n) of one sample: `x` and `y` at the line's image and the line, `weights` tap by tap, `top` the first input line. */
typedef struct {
  const Conv *g;
  const float *x, *weights;
  float *y;
  vf level;
  u32 n, top, biased, relu;
} Line;

/** P output pixels from ox on, their sums side by side. FULL: all lanes are channels. INSIDE: every column that they read is inside the image. */
INLINE void depthwise_pixels(const Line *line, u32 ox, const u32 P, const int FULL, const int INSIDE) {
  static const float zeros[LANES];
  const Conv *g = line->g;
  const u32 n = line->n, kernelWidth = g->kernelWidth, width = g->width, stride = g->strideWidth, left = ox * stride - g->padLeft;
  const size_t channels = g->channels, step = stride * channels;
  const float *w = line->weights;
  vf sums[8];
  // What the next line will read and write.
  const float *ahead = line->x + ((size_t)(line->top + g->kernelHeight * g->dilationHeight) * width + left) * channels;
  float *y = line->y + (size_t)ox * channels;
  UNROLL for (u32 p = 0; p < P; p++) {
    sums[p] = zero();
    __builtin_prefetch(ahead + p * step);
    __builtin_prefetch(y + (g->outWidth + p) * channels, 1);
  }
  for (u32 ky = 0; ky < g->kernelHeight; ky++) {
    const u32 iy = line->top + ky * g->dilationHeight;
    if (iy >= g->height) {
      for (u32 kx = 0; kx < kernelWidth; kx++, w += LANES) {
        const vf none = zero() * load(w);
        UNROLL for (u32 p = 0; p < P; p++) sums[p] = sums[p] + none;
      }
      continue;
    }
    const float *row = line->x + (size_t)iy * width * channels;
    u32 ix = left;
    for (u32 kx = 0; kx < kernelWidth; kx++, w += LANES, ix += g->dilationWidth) {
      const vf weight = load(w);
      const float *inside = row + (size_t)ix * channels;
      UNROLL for (u32 p = 0; p < P; p++) {
        const u32 column = ix + p * stride;
        const float *at = INSIDE ? inside + p * step : column < width ? row + column * channels : zeros;
        sums[p] = sums[p] + (FULL ? load(at) : load_first(at, n)) * weight;
      }
    }
  }
  UNROLL for (u32 p = 0; p < P; p++) {
    vf sum = sums[p];
    if (line->biased) sum = sum + line->level;
    if (line->relu) sum = relu_lanes(sum);
    if (FULL) store(y + p * channels, sum);
    else store_first(y + p * channels, sum, n);
  }
}

typedef void Pixels(const Line *, u32 ox);
#define PIXELS(P) \
  APART void pixels_##P(const Line *line, u32 ox) { depthwise_pixels(line, ox, P, 1, 1); } \
  APART void edge_pixels_##P(const Line *line, u32 ox) { depthwise_pixels(line, ox, P, 1, 0); } \
  APART void some_pixels_##P(const Line *line, u32 ox) { depthwise_pixels(line, ox, P, 0, 1); } \
  APART void some_edge_pixels_##P(const Line *line, u32 ox) { depthwise_pixels(line, ox, P, 0, 0); }
PIXELS(1)
PIXELS(4)
PIXELS(8)

/** Pixels [from, stop) of a line. The last of them are computed with some before them, a second time, where that makes a whole number. */
static void depthwise_line(const Line *line, u32 from, u32 stop) {
  static Pixels *const kinds[3][2][2] = {{{some_edge_pixels_1, some_pixels_1}, {edge_pixels_1, pixels_1}},
                                         {{some_edge_pixels_4, some_pixels_4}, {edge_pixels_4, pixels_4}},
                                         {{some_edge_pixels_8, some_pixels_8}, {edge_pixels_8, pixels_8}}};
  const Conv *g = line->g;
  const u32 count = stop - from, kind = count >= 8 ? 2 : count >= 4 ? 1 : 0, P = kind == 2 ? 8 : kind == 1 ? 4 : 1;
  const u32 reach = (g->kernelWidth - 1) * g->dilationWidth, within = g->width + g->padLeft;
  const u32 first = (g->padLeft + g->strideWidth - 1) / g->strideWidth, last = within > reach ? (within - reach - 1) / g->strideWidth + 1 : 0;
  for (u32 ox = from; ox < stop; ox += P) {
    const u32 at = least(ox, stop - P);
    kinds[kind][line->n == LANES][at >= first && at + P <= last](line, at);
  }
}

/** y of channels [c, stop) at pixels [first, last), line by line of all channels, so that what they share of the cache is read once. */
static void depthwise_forward(float *y, const float *x, const float *packed, const float *bias, u32 activation, float slope, const Conv *g, u32 c, u32 stop,
                              u32 first, u32 last) {
  float *weights = workspace.image;
  const size_t block = (size_t)g->taps * LANES;
  for (u32 at = c; at < stop; at += LANES)
    load_taps(weights + (at - c) / LANES * block, packed, at, least(LANES, stop - at), g->taps, (size_t)g->taps * PANEL, PANEL);
  for (u32 pixel = first, run; pixel < last; pixel += run) {
    const u32 row = pixel / g->outWidth, ox = pixel - row * g->outWidth, sample = row / g->outHeight, oy = row - sample * g->outHeight;
    run = least(last - pixel, g->outWidth - ox);
    for (u32 at = c; at < stop; at += LANES) {
      const u32 n = least(LANES, stop - at);
      const Line line = {.g = g, .x = x + (size_t)sample * g->height * g->width * g->channels + at, .weights = weights + (at - c) / LANES * block,
                         .y = y + (size_t)row * g->outWidth * g->channels + at, .level = bias ? load_some(bias + at, n) : zero(), .n = n,
                         .top = oy * g->strideHeight - g->padTop, .biased = bias != NULL, .relu = activation == 1};
      depthwise_line(&line, ox, ox + run);
      if (activation > 1)
        for (u32 p = ox; p < ox + run; p++) {
          float *to = line.y + (size_t)p * g->channels;
          store_some(to, activate(load_some(to, n), activation, splat(slope)), n);
        }
    }
  }
}

/** Units [start, end) are strips of 4 pixels with all their channels. */
static void depthwise_units(const double *a, char *memory, const Conv *g, u32 start, u32 end) {
  const u32 atOnce = IMAGE_FLOATS / (g->taps * LANES) * LANES;
  for (u32 c = 0; c < g->channels; c += atOnce)
    depthwise_forward(FLOATS(0), FLOATS(1), FLOATS(2), FLOATS_OR_NULL(3), WHOLE(5), SINGLE(6), g, c, least(g->channels, c + atOnce), start * 4,
                      least(g->pixels, end * 4));
}

/** dx of channels [c, c + n) of one sample, in the order of the output's pixels. */
static void depthwise_input(float *dx, const float *dy, const float *packed, const Conv *g, u32 sample, u32 c, u32 n) {
  float *weights = workspace.image;
  load_taps(weights, packed, c, n, g->taps, (size_t)((g->taps + PANEL - 1) / PANEL) * PANEL, 1);
  float *image = dx + (size_t)sample * g->height * g->width * g->channels + c;
  for (u32 i = 0; i < g->height * g->width; i++) store_some(image + (size_t)i * g->channels, zero(), n);
  const float *from = dy + (size_t)sample * g->outHeight * g->outWidth * g->channels + c;
  for (u32 oy = 0; oy < g->outHeight; oy++)
    for (u32 ox = 0; ox < g->outWidth; ox++, from += g->channels) {
      const vf slope = load_some(from, n);
      const float *w = weights;
      for (u32 ky = 0; ky < g->kernelHeight; ky++) {
        const u32 iy = oy * g->strideHeight + ky * g->dilationHeight - g->padTop;
        for (u32 kx = 0; kx < g->kernelWidth; kx++, w += LANES) {
          const u32 ix = ox * g->strideWidth + kx * g->dilationWidth - g->padLeft;
          if (iy >= g->height || ix >= g->width) continue;
          float *to = image + ((size_t)iy * g->width + ix) * g->channels;
          store_some(to, load_some(to, n) + (zero() + slope * load(w)), n);
        }
      }
    }
}

static void depthwise_samples(const double *a, char *memory, const Conv *g, u32 start, u32 end) {
  for (u32 unit = start; unit < end;) {
    const u32 sample = unit / g->groups, c = unit - sample * g->groups, n = least(LANES, least(end - unit, g->groups - c));
    depthwise_input(FLOATS(0), FLOATS(1), FLOATS(2), g, sample, c, n);
    unit += n;
  }
}

KERNEL(convolve) {
  const Conv g = conv_of(a + 7);
  const u32 perGroup = (g.pixels + 3) / 4;
  if (is_depthwise(&g) && g.taps <= BLOCK_DEPTH) depthwise_units(a, memory, &g, start, end);
  else if (is_depthwise(&g))
    for (u32 group = 0; group < g.groups; group++) conv2d(memory, a, group * perGroup + start, group * perGroup + end);
  else if (is_product(&g)) {
    // Pixels are rows of x as they lie: the same tiles, and the same sums.
    const double product[] = {a[0], a[1], a[2], a[3], 0, g.pixels, g.outChannels, g.channels, g.channels, 1, g.outChannels, 0, a[5], a[6]};
    gemm(memory, product, start, end);
  } else conv2d(memory, a, start, end);
}

KERNEL(convolveInputGrad) {
  const Conv g = conv_of(a + 4);
  // Patches of more columns are computed in parts, which has another order.
  if (is_depthwise(&g) && g.taps <= PATCH_COLUMNS) depthwise_samples(a, memory, &g, start, end);
  else conv2dInputGrad(memory, a, start, end);
}
