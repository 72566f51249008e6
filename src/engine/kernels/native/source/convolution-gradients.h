// Gradients of convolutions by weights and by input.
#pragma once
#include "convolution.h"

/** One block of pixels of one group: rows of weights [first, last) (+)= what they met · dy. */
typedef struct {
  const Conv *g;
  float *dw;
  const float *packed;
  u32 first, last, k;
} Weights;

/** B's columns from j on, of pixels from k0 on. */
static int place_weight_columns(Tile *t, const Weights *w, u32 j, u32 k0) {
  return place_columns(t, w->packed + (size_t)k0 * PANEL, w->k, j, w->g->outGroup - j, w->last - w->first);
}

/** Sample by sample from its padded image, in blocks of whole lines of output: the order of assembly/convolution-weight-grad.ts for small images. */
static void weights_direct(const Weights *w, const float *x, int accumulate) {
  const Conv *g = w->g;
  const u32 blockLines = most(1, BLOCK_DEPTH / g->outWidth), rows = w->last - w->first, height = tile_height(rows), n = g->outGroup;
  for (u32 r = 0; r < rows; r++) workspace.rows[r] = workspace.image + tap_offset(g, w->first + r);
  for (u32 sample = 0; sample < g->batch; sample++) {
    load_image(workspace.image, x + (size_t)sample * g->height * g->width * g->channels, g);
    for (u32 line = 0; line < g->outHeight; line += blockLines) {
      const u32 lines = least(blockLines, g->outHeight - line);
      i32 *offset = workspace.offsets;
      for (u32 oy = line; oy < line + lines; oy++)
        for (u32 ox = 0; ox < g->outWidth; ox++) *offset++ = (i32)((oy * g->strideHeight * g->imageWidth + ox * g->strideWidth) * g->inGroup);
      const u32 depth = lines * g->outWidth;
      Tile t = {.offsets = workspace.offsets, .lengths = &depth, .segments = 1, .depth = depth, .cRow = n,
                .accumulate = accumulate || sample > 0 || line > 0};
      for (u32 j = 0; j < n; j += TILE_COLUMNS) {
        const int local = place_weight_columns(&t, w, j, (sample * g->outHeight + line) * g->outWidth);
        for (u32 r = 0; r < rows; r += height) {
          t.rows = workspace.rows + r;
          t.c = w->dw + (size_t)(w->first + r) * n + j;
          run_tile(&t, least(height, rows - r), local ? INDIRECT_LOCAL : INDIRECT, 0, 0);
        }
      }
    }
  }
}

/** Channels of a tap that are taken at once: there must be as many zeros for the padding. */
#define CHANNELS_AT_ONCE 8192

/** Where the windows of output pixels k0 … k0 + depth begin. */
typedef struct {
  i32 top[BLOCK_DEPTH], left[BLOCK_DEPTH], base[BLOCK_DEPTH];
} Windows;

static void place_windows(Windows *w, const Conv *g, u32 k0, u32 depth) {
  u32 line = k0 / g->outWidth, ox = k0 - line * g->outWidth, sample = line / g->outHeight, oy = line - sample * g->outHeight;
  for (u32 l = 0; l < depth; l++) {
    w->top[l] = (i32)(oy * g->strideHeight - g->padTop);
    w->left[l] = (i32)(ox * g->strideWidth - g->padLeft);
    w->base[l] = (i32)(sample * g->height * g->width);
    if (++ox == g->outWidth) {
      ox = 0;
      if (++oy == g->outHeight) oy = 0, sample++;
    }
  }
}

/** Runs of a tap's channels whose offsets there is room for. */
#define RUNS_AT_ONCE (DIRECT_BYTES / 4 / BLOCK_DEPTH)

/** Channels of run `run`: those of a tap, or CHANNELS_AT_ONCE of them. */
INLINE u32 run_begin(const Conv *g, u32 run, u32 perTap) { return run / perTap * g->inGroup + run % perTap * CHANNELS_AT_ONCE; }

/** Where the channels of a run lie that the pixels of a block met, from the first of them on. `none`: where zeros lie instead. */
static void place_offsets(i32 *offsets, const Windows *windows, const Conv *g, u32 begin, u32 depth, i32 none) {
  const u32 tap = begin / g->inGroup, ky = tap / g->kernelWidth, kx = tap - ky * g->kernelWidth;
  const i32 dy = (i32)(ky * g->dilationHeight), dx = (i32)(kx * g->dilationWidth), channel = (i32)(begin - tap * g->inGroup);
  for (u32 l = 0; l < depth; l++) {
    const i32 iy = windows->top[l] + dy, ix = windows->left[l] + dx;
    const int inside = ((u32)iy < g->height) & ((u32)ix < g->width);
    const i32 place = (windows->base[l] + iy * (i32)g->width + ix) * (i32)g->channels + channel;
    offsets[l] = inside ? place : none;
  }
}

/** What every pixel of a block met, tap by tap: the channels of a tap are adjacent. `zeros` lies in the same memory as x. */
static void weights_taps(const Weights *w, const float *x, const float *zeros, int accumulate) {
  const Conv *g = w->g;
  const u32 n = g->outGroup, perTap = (g->inGroup + CHANNELS_AT_ONCE - 1) / CHANNELS_AT_ONCE;
  Windows windows;
  for (u32 k0 = 0; k0 < w->k; k0 += BLOCK_DEPTH) {
    const u32 depth = least(BLOCK_DEPTH, w->k - k0);
    place_windows(&windows, g, k0, depth);
    for (u32 from = w->first; from < w->last;) {
      const u32 first = from / g->inGroup * perTap + from % g->inGroup / CHANNELS_AT_ONCE;
      const u32 stop = least(w->last, run_begin(g, first + RUNS_AT_ONCE, perTap));
      for (u32 run = first; run_begin(g, run, perTap) < stop; run++)
        place_offsets(workspace.offsets + (run - first) * BLOCK_DEPTH, &windows, g, run_begin(g, run, perTap), depth, (i32)(zeros - x));
      Tile t = {.depth = depth, .accumulate = accumulate || k0 > 0, .cRow = n};
      for (u32 j = 0; j < n; j += TILE_COLUMNS) {
        const int local = place_weight_columns(&t, w, j, k0);
        u32 row = from;
        for (u32 run = first; row < stop; run++) {
          const u32 begin = run_begin(g, run, perTap), end = least(stop, run_begin(g, run + 1, perTap)), height = tile_height(end - row);
          t.offsets = workspace.offsets + (run - first) * BLOCK_DEPTH;
          for (u32 r = row; r < end; r += height) {
            t.a = x + (r - begin);
            t.c = w->dw + (size_t)r * n + j;
            run_tile(&t, least(height, end - r), local ? SCATTERED_LOCAL : SCATTERED, 0, 0);
          }
          row = end;
        }
      }
      from = stop;
    }
  }
}

KERNEL(conv2dWeightGrad) {
  const Conv g = conv_of(a + 5);
  const u32 rows = g.taps * g.inGroup, perGroup = (rows + 3) / 4;
  const size_t panelFloats = (size_t)((g.outGroup + PANEL - 1) / PANEL) * PANEL * g.pixels;
  const int accumulate = WHOLE(4) != 0;
  const int direct = g.outGroup <= DIRECT_COLUMNS && (size_t)g.imageHeight * g.imageWidth * g.inGroup * 4 <= DIRECT_BYTES;
  memset(FLOATS(3), 0, (least(g.inGroup, CHANNELS_AT_ONCE) + TILE_ROWS) * 4);
  for (u32 unit = start; unit < end;) {
    const u32 group = unit / perGroup, strip = unit - group * perGroup, strips = least(end - unit, perGroup - strip);
    const float *x = FLOATS(1) + group * g.inGroup;
    const Weights w = {.g = &g, .dw = FLOATS(0) + (size_t)group * rows * g.outGroup, .packed = FLOATS(2) + group * panelFloats, .first = strip * 4,
                       .last = least(rows, (strip + strips) * 4), .k = g.pixels};
    if (direct) weights_direct(&w, x, accumulate);
    else weights_taps(&w, x, FLOATS(3), accumulate);
    unit += strips;
  }
}

INLINE void add_run(float *to, const float *from, u32 count) {
  for (u32 i = 0; i < count; i += LANES) {
    const u32 n = count - i;
    store_some(to + i, load_some(to + i, n) + load_some(from + i, n), n);
  }
}

/** Adds columns first … first + count of the patches of output pixels pixel … pixel + pixels of one sample to `image`, its dx at the group's channel. */
static void scatter(float *image, const float *patches, u32 pixel, u32 pixels, u32 first, u32 count, const Conv *g) {
  const u32 line = g->kernelWidth * g->inGroup, stop = first + count;
  const int joined = g->dilationWidth == 1 && g->inGroup == g->channels;
  u32 oy = pixel / g->outWidth, ox = pixel - oy * g->outWidth;
  for (u32 p = 0; p < pixels; p++) {
    const i32 left = (i32)(ox * g->strideWidth - g->padLeft);
    for (u32 ky = first / line; ky * line < stop; ky++) {
      const u32 iy = oy * g->strideHeight + ky * g->dilationHeight - g->padTop;
      if (iy >= g->height) continue;
      const u32 e0 = most(first, ky * line) - ky * line, e1 = least(stop, (ky + 1) * line) - ky * line;
      const float *from = patches + (ptrdiff_t)(p * PATCH_COLUMNS) + (ptrdiff_t)(ky * line) - (ptrdiff_t)first;
      float *row = image + (size_t)iy * g->width * g->channels;
      if (joined) {
        const u32 low = most(e0, left < 0 ? (u32)-left * g->inGroup : 0);
        const u32 high = least(e1, left < (i32)g->width ? (g->width - (u32)left) * g->inGroup : 0);
        if (low < high) add_run(row + (ptrdiff_t)left * (ptrdiff_t)g->channels + low, from + low, high - low);
        continue;
      }
      for (u32 kx = e0 / g->inGroup; kx * g->inGroup < e1; kx++) {
        const u32 ix = (u32)left + kx * g->dilationWidth;
        if (ix >= g->width) continue;
        const u32 low = most(e0, kx * g->inGroup), high = least(e1, (kx + 1) * g->inGroup);
        add_run(row + (size_t)ix * g->channels + (low - kx * g->inGroup), from + low, high - low);
      }
    }
    if (++ox == g->outWidth) ox = 0, oy++;
  }
}

/** The gradient of some pixels' patches: rows of dy · a block of columns of the transposed weights. */
static void patch_gradients(float *patches, const float *dy, const float *packed, u32 rows, u32 first, u32 count, const Conv *g) {
  const u32 k = g->outGroup, height = tile_height(rows);
  for (u32 k0 = 0; k0 < k; k0 += BLOCK_DEPTH) {
    Tile t = {.cRow = PATCH_COLUMNS, .row = g->outChannels, .step = 1, .depth = least(BLOCK_DEPTH, k - k0), .accumulate = k0 > 0};
    for (u32 j = 0; j < count; j += TILE_COLUMNS) {
      const int local = place_columns(&t, packed + (size_t)first * k + (size_t)k0 * PANEL, k, j, count - j, rows);
      for (u32 row = 0; row < rows; row += height) {
        t.c = patches + row * PATCH_COLUMNS + j;
        t.a = dy + (size_t)row * g->outChannels + k0;
        run_tile(&t, least(height, rows - row), local ? STRIDED_LOCAL : STRIDED, 0, 0);
      }
    }
  }
}

KERNEL(conv2dInputGrad) {
  const Conv g = conv_of(a + 4);
  const u32 n = g.taps * g.inGroup, pixels = g.outHeight * g.outWidth;
  const size_t groupFloats = (size_t)((n + PANEL - 1) / PANEL) * PANEL * g.outGroup;
  // Pixels of several blocks only where there is room for all columns: they are scattered block by block.
  const u32 together = PATCH_BLOCKS * PATCH_COLUMNS, atOnce = n <= together ? PATCH_ROWS : PIXELS_AT_ONCE;
  for (u32 unit = start; unit < end; unit++) {
    const u32 sample = unit / g.groups, group = unit - sample * g.groups;
    float *image = FLOATS(0) + (size_t)sample * g.height * g.width * g.channels + group * g.inGroup;
    const float *dy = FLOATS(1) + (size_t)sample * pixels * g.outChannels + group * g.outGroup;
    if (g.groups == 1) memset(image, 0, (size_t)g.height * g.width * g.channels * 4);
    else
      for (u32 i = 0; i < g.height * g.width; i++) memset(image + (size_t)i * g.channels, 0, g.inGroup * 4);
    for (u32 pixel = 0; pixel < pixels; pixel += atOnce) {
      const u32 rows = least(atOnce, pixels - pixel);
      for (u32 from = 0; from < n; from += together) {
        const u32 stop = least(n, from + together);
        for (u32 first = from; first < stop; first += PATCH_COLUMNS)
          patch_gradients(workspace.patches[(first - from) / PATCH_COLUMNS], dy + (size_t)pixel * g.outChannels, FLOATS(2) + group * groupFloats, rows,
                          first, least(PATCH_COLUMNS, n - first), &g);
        for (u32 p = 0; p < rows; p += PIXELS_AT_ONCE)
          for (u32 first = from; first < stop; first += PATCH_COLUMNS)
            scatter(image, workspace.patches[(first - from) / PATCH_COLUMNS] + p * PATCH_COLUMNS, pixel + p, least(PIXELS_AT_ONCE, rows - p), first,
                    least(PATCH_COLUMNS, n - first), &g);
      }
    }
  }
}
