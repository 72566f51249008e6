// The gradient by weights of a depthwise convolution, from dy as it lies: each sum has the order of assembly/convolution-weight-grad.ts.
#pragma once
#include "depthwise.h"

/** Vectors of channels, and taps of a kernel row, that are summed at once. */
#define WEIGHT_VECTORS 2
#define WEIGHT_TAPS 3

/** One kernel row of channels [c, c + n), of its taps those from kx on. */
typedef struct {
  const Conv *g;
  float *dw;
  const float *x, *dy;
  u32 c, n, ky, kx;
} WeightRow;

/** Output pixels [from, stop) of what TAPS taps met · dy, V vectors of channels, added to dw where there is more. FULL: all lanes are channels. */
INLINE void depthwise_block(const WeightRow *w, u32 from, u32 stop, int more, const u32 TAPS, const u32 V, const int FULL) {
  static const float zeros[WEIGHT_VECTORS * LANES];
  const Conv *g = w->g;
  vf sums[WEIGHT_TAPS][WEIGHT_VECTORS];
  for (u32 t = 0; t < TAPS; t++)
    for (u32 v = 0; v < V; v++) sums[t][v] = zero();
  const float *dy = w->dy + (size_t)from * g->channels + w->c;
  u32 line = from / g->outWidth, ox = from - line * g->outWidth, sample = line / g->outHeight, oy = line - sample * g->outHeight;
  for (u32 pixel = from; pixel < stop;) {
    const u32 run = least(g->outWidth - ox, stop - pixel), iy = oy * g->strideHeight + w->ky * g->dilationHeight - g->padTop;
    // Outside the image no column is inside.
    const u32 width = iy < g->height ? g->width : 0;
    const float *row = w->x + ((size_t)sample * g->height + (width ? iy : 0)) * g->width * g->channels + w->c;
    u32 left = ox * g->strideWidth + w->kx * g->dilationWidth - g->padLeft;
    for (u32 i = 0; i < run; i++, left += g->strideWidth, dy += g->channels) {
      vf slopes[WEIGHT_VECTORS];
      for (u32 v = 0; v < V; v++) slopes[v] = FULL ? load(dy + v * LANES) : load_first(dy, w->n);
      UNROLL for (u32 t = 0; t < TAPS; t++) {
        const u32 ix = left + t * g->dilationWidth;
        const float *met = ix < width ? row + (size_t)ix * g->channels : zeros;
        UNROLL for (u32 v = 0; v < V; v++) sums[t][v] = sums[t][v] + (FULL ? load(met + v * LANES) : load_first(met, w->n)) * slopes[v];
      }
    }
    pixel += run;
    ox = 0;
    if (++oy == g->outHeight) oy = 0, sample++;
  }
  for (u32 t = 0; t < TAPS; t++) {
    float lanes[WEIGHT_VECTORS * LANES];
    for (u32 v = 0; v < V; v++) store(lanes + v * LANES, sums[t][v]);
    float *to = w->dw + (size_t)w->c * g->taps + w->ky * g->kernelWidth + w->kx + t;
    for (u32 i = 0; i < w->n; i++, to += g->taps) *to = more ? *to + lanes[i] : lanes[i];
  }
}

typedef void WeightBlock(const WeightRow *, u32 from, u32 stop, int more);
APART void weights_3_wide(const WeightRow *w, u32 from, u32 stop, int more) { depthwise_block(w, from, stop, more, 3, 2, 1); }
APART void weights_3_whole(const WeightRow *w, u32 from, u32 stop, int more) { depthwise_block(w, from, stop, more, 3, 1, 1); }
APART void weights_3_part(const WeightRow *w, u32 from, u32 stop, int more) { depthwise_block(w, from, stop, more, 3, 1, 0); }
APART void weights_1_wide(const WeightRow *w, u32 from, u32 stop, int more) { depthwise_block(w, from, stop, more, 1, 2, 1); }
APART void weights_1_whole(const WeightRow *w, u32 from, u32 stop, int more) { depthwise_block(w, from, stop, more, 1, 1, 1); }
APART void weights_1_part(const WeightRow *w, u32 from, u32 stop, int more) { depthwise_block(w, from, stop, more, 1, 1, 0); }

KERNEL(depthwiseWeightGrad) {
  static WeightBlock *const blocks[2][3] = {{weights_1_part, weights_1_whole, weights_1_wide}, {weights_3_part, weights_3_whole, weights_3_wide}};
  const Conv g = conv_of(a + 4);
  const int accumulate = WHOLE(3) != 0, direct = (size_t)g.imageHeight * g.imageWidth * 4 <= DIRECT_BYTES;
  // Blocks of whole lines begin anew with each sample; others go through the batch.
  const u32 atOnce = direct ? most(1, BLOCK_DEPTH / g.outWidth) * g.outWidth : BLOCK_DEPTH, within = direct ? g.outHeight * g.outWidth : g.pixels;
  for (u32 unit = start; unit < end;) {
    const u32 ky = unit / g.channels, c = unit - ky * g.channels, left = least(g.channels - c, end - unit);
    const u32 vectors = left >= 2 * LANES ? 2 : left >= LANES ? 1 : 0, n = vectors > 0 ? vectors * LANES : left;
    for (u32 kx = 0, taps; kx < g.kernelWidth; kx += taps) {
      taps = g.kernelWidth - kx >= 3 ? 3 : 1;
      const WeightRow row = {.g = &g, .dw = FLOATS(0), .x = FLOATS(1), .dy = FLOATS(2), .c = c, .n = n, .ky = ky, .kx = kx};
      int more = accumulate;
      for (u32 first = 0; first < g.pixels; first += within)
        for (u32 k0 = first; k0 < first + within; k0 += atOnce, more = 1)
          blocks[taps == 3][vectors](&row, k0, least(k0 + atOnce, first + within), more);
    }
    unit += n;
  }
}
