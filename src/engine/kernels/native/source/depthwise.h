// Depthwise convolutions, one channel in and out of each group: channels side by side in the lanes, where a product for each group would have one column.
#pragma once
// Each element's sum has the order of assembly/convolution*.ts: over the taps, padding included.
#include "convolution-gradients.h"

/** Weights of these channels, tap by tap: out[tap · LANES + lane] = packed[(c + lane) · step + tap · PANEL]. */
INLINE void load_taps(float *out, const float *packed, u32 c, u32 n, u32 taps, size_t step, u32 between) {
  for (u32 tap = 0; tap < taps; tap++)
    for (u32 lane = 0; lane < LANES; lane++) out[tap * LANES + lane] = lane < n ? packed[(c + lane) * step + tap * between] : 0;
}

/** Whether this is one, and its weights have room. */
INLINE int is_depthwise(const Conv *g) { return g->groups > 1 && g->inGroup == 1 && g->outGroup == 1 && g->taps <= BLOCK_DEPTH; }

/** y of channels [c, c + n) at pixels [first, last). */
static void depthwise_forward(float *y, const float *x, const float *packed, const float *bias, u32 activation, float slope, const Conv *g, u32 c, u32 n,
                              u32 first, u32 last) {
  float *weights = workspace.image;
  load_taps(weights, packed, c, n, g->taps, (size_t)g->taps * PANEL, PANEL);
  const vf s = splat(slope), level = bias ? load_some(bias + c, n) : zero();
  u32 line = first / g->outWidth, ox = first - line * g->outWidth, sample = line / g->outHeight, oy = line - sample * g->outHeight;
  for (u32 pixel = first; pixel < last; pixel++) {
    vf sum = zero();
    const float *w = weights;
    for (u32 ky = 0; ky < g->kernelHeight; ky++) {
      const u32 iy = oy * g->strideHeight + ky * g->dilationHeight - g->padTop;
      for (u32 kx = 0; kx < g->kernelWidth; kx++, w += LANES) {
        const u32 ix = ox * g->strideWidth + kx * g->dilationWidth - g->padLeft;
        const int inside = iy < g->height && ix < g->width;
        const vf value = inside ? load_some(x + (((size_t)sample * g->height + iy) * g->width + ix) * g->channels + c, n) : zero();
        sum = sum + value * load(w);
      }
    }
    if (bias) sum = sum + level;
    if (activation == 1) sum = relu_lanes(sum);
    else if (activation > 1) sum = activate(sum, activation, s);
    store_some(y + (size_t)pixel * g->channels + c, sum, n);
    if (++ox == g->outWidth) {
      ox = 0;
      if (++oy == g->outHeight) oy = 0, sample++;
    }
  }
}

/** Units [start, end) are strips of 4 pixels, group after group: parts of the first and the last group, and whole groups between them. */
static void depthwise_units(const double *a, char *memory, const Conv *g, u32 start, u32 end) {
  const u32 perGroup = (g->pixels + 3) / 4;
  for (u32 unit = start; unit < end;) {
    const u32 group = unit / perGroup, strip = unit - group * perGroup, left = end - unit;
    const int whole = strip == 0 && left >= perGroup;
    const u32 n = whole ? least(LANES, left / perGroup) : 1, strips = whole ? perGroup : least(perGroup - strip, left);
    depthwise_forward(FLOATS(0), FLOATS(1), FLOATS(2), FLOATS_OR_NULL(3), WHOLE(5), SINGLE(6), g, group, n, strip * 4,
                      least(g->pixels, (strip + strips) * 4));
    unit += n * strips;
  }
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
  if (is_depthwise(&g)) depthwise_units(a, memory, &g, start, end);
  else conv2d(memory, a, start, end);
}

KERNEL(convolveInputGrad) {
  const Conv g = conv_of(a + 4);
  // Patches of more columns are computed in parts, which has another order.
  if (is_depthwise(&g) && g.taps <= PATCH_COLUMNS) depthwise_samples(a, memory, &g, start, end);
  else conv2dInputGrad(memory, a, start, end);
}
