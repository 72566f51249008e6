// Convolutions and their gradients as products whose left side is read where it lies: families/convolution.ts. Sums are cut into the blocks of
#pragma once
// assembly/convolution*.ts, however the rows are read.
#include "gemm.h"

/** A padded sample with fewer channels than this is copied, so that rows are read by offsets; with more, tap by tap. */
#define COPIED_CHANNELS 16
#define IMAGE_FLOATS 196608
/** As in assembly/convolution-direct.ts: the way that a weight gradient is summed depends on the shape. */
#define DIRECT_BYTES 57344
#define DIRECT_COLUMNS 32

/** Runs of rows of A that are placed at once: of five tiles at least, whose runs have a float each. */
#define PLACED_ROWS 16384

/** Output pixels, and columns (tap, channel) of their patches, whose gradients are computed and then scattered: part of the order of the sums. */
#define PIXELS_AT_ONCE 32
#define PATCH_COLUMNS 224
/** As many of both are computed before they are scattered. */
#define PATCH_ROWS (3 * PIXELS_AT_ONCE)
#define PATCH_BLOCKS 24

/** What a thread needs besides its scratch. Nothing in it outlives a call. */
typedef struct {
  float image[IMAGE_FLOATS];
  float zeros[BLOCK_DEPTH + TILE_ROWS];
  i32 offsets[DIRECT_BYTES / 4];
  const float *rows[PLACED_ROWS];
  float patches[PATCH_BLOCKS][PATCH_ROWS * PATCH_COLUMNS];
  u32 lengths[BLOCK_DEPTH];
} Workspace;
static _Thread_local Workspace workspace;

typedef struct {
  u32 batch, height, width, channels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft,
    dilationHeight, dilationWidth, groups;
  u32 inGroup, outGroup, pixels, taps, imageHeight, imageWidth;
} Conv;

static Conv conv_of(const double *a) {
  Conv g = {WHOLE(0), WHOLE(1), WHOLE(2), WHOLE(3), WHOLE(4), WHOLE(5), WHOLE(6), WHOLE(7), WHOLE(8), WHOLE(9), WHOLE(10), WHOLE(11), WHOLE(12),
            WHOLE(13), WHOLE(14), WHOLE(15), 0, 0, 0, 0, 0, 0};
  g.inGroup = g.channels / g.groups;
  g.outGroup = g.outChannels / g.groups;
  g.pixels = g.batch * g.outHeight * g.outWidth;
  g.taps = g.kernelHeight * g.kernelWidth;
  g.imageHeight = (g.outHeight - 1) * g.strideHeight + (g.kernelHeight - 1) * g.dilationHeight + 1;
  g.imageWidth = (g.outWidth - 1) * g.strideWidth + (g.kernelWidth - 1) * g.dilationWidth + 1;
  return g;
}

/** Copies one sample's channels of one group, `x` pointing at the first, into an image with its padding. */
static void load_image(float *image, const float *x, const Conv *g) {
  const size_t line = (size_t)g->imageWidth * g->inGroup;
  const u32 first = least(g->padLeft, g->imageWidth), last = most(first, least(g->imageWidth, g->padLeft + g->width));
  for (u32 py = 0; py < g->imageHeight; py++, image += line) {
    const u32 iy = py - g->padTop;
    if (iy >= g->height) {
      memset(image, 0, line * 4);
      continue;
    }
    const float *from = x + (size_t)iy * g->width * g->channels;
    memset(image, 0, (size_t)first * g->inGroup * 4);
    memset(image + (size_t)last * g->inGroup, 0, (size_t)(g->imageWidth - last) * g->inGroup * 4);
    if (g->inGroup == g->channels) {
      memcpy(image + (size_t)first * g->inGroup, from + (size_t)(first - g->padLeft) * g->channels, (size_t)(last - first) * g->inGroup * 4);
      continue;
    }
    for (u32 px = first; px < last; px++)
      for (u32 c = 0; c < g->inGroup; c++) image[(size_t)px * g->inGroup + c] = from[(size_t)(px - g->padLeft) * g->channels + c];
  }
}

/** Offset of tap column l = (tap, channel) from the first, in an image. */
INLINE i32 tap_offset(const Conv *g, u32 l) {
  const u32 tap = l / g->inGroup, ky = tap / g->kernelWidth, kx = tap - ky * g->kernelWidth;
  return (i32)((ky * g->dilationHeight * g->imageWidth + kx * g->dilationWidth) * g->inGroup + (l - tap * g->inGroup));
}

/** One group's product for rows of output pixels; `c` and `bias` at the group's first channel. */
typedef struct {
  const Conv *g;
  float *c;
  const float *x, *packed, *bias;
  u32 k, activation;
  float slope;
} Forward;

/** Tiles of pixels row … row + count for patch columns from k0 on, whose rows are placed: B's columns are copied once for all of them. */
static void run_block(const Forward *f, Tile t, u32 row, u32 count, u32 k0) {
  const u32 n = f->g->outGroup, height = tile_height(count);
  const int ends = k0 + t.depth >= f->k;
  t.offsets = workspace.offsets;
  t.lengths = workspace.lengths;
  t.accumulate = k0 > 0;
  t.activation = ends ? f->activation : 0;
  t.cRow = f->g->outChannels;
  for (u32 j = 0; j < n; j += TILE_COLUMNS) {
    const int local = place_columns(&t, f->packed + (size_t)k0 * PANEL, f->k, j, n - j, count);
    t.bias = ends && f->bias ? f->bias + j : NULL;
    t.rows = workspace.rows;
    for (u32 r = 0; r < count; r += height, t.rows += t.segments * TILE_ROWS) {
      t.c = f->c + (size_t)(row + r) * f->g->outChannels + j;
      run_tile(&t, least(height, count - r), local ? INDIRECT_LOCAL : INDIRECT, t.activation, f->slope);
    }
  }
}

/** Pixels that are computed at once, so that their sums stay in the cache; each of their tiles has as many runs of rows at most. */
INLINE u32 pixels_at_once(const Conv *g, u32 runs) {
  const u32 tiles = most(8, 131072 / g->outGroup / TILE_ROWS);
  return least(tiles, PLACED_ROWS / TILE_ROWS / runs) * TILE_ROWS;
}

/** Pixels [first, last) of one sample, read from its padded image. */
static void forward_image(const Forward *f, const float *image, u32 sample, u32 first, u32 last) {
  const Conv *g = f->g;
  const u32 before = sample * g->outHeight * g->outWidth, atOnce = pixels_at_once(g, 1);
  for (u32 block = first; block < last; block += atOnce) {
    const u32 count = least(last - block, atOnce), height = tile_height(count);
    u32 oy = block / g->outWidth, ox = block - oy * g->outWidth;
    for (u32 r = 0; r < count; r++) {
      workspace.rows[r / height * TILE_ROWS + r % height] = image + ((size_t)oy * g->strideHeight * g->imageWidth + ox * g->strideWidth) * g->inGroup;
      if (++ox == g->outWidth) ox = 0, oy++;
    }
    for (u32 k0 = 0; k0 < f->k; k0 += BLOCK_DEPTH) {
      const u32 depth = least(BLOCK_DEPTH, f->k - k0);
      for (u32 l = 0; l < depth; l++) workspace.offsets[l] = tap_offset(g, k0 + l);
      workspace.lengths[0] = depth;
      run_block(f, (Tile){.segments = 1, .depth = depth}, before + block, count, k0);
    }
  }
}

/** Places the rows of a tile, from `to` on, for patch columns k0 … k0 + depth, one segment for each run of a tap's channels. Gives the number of segments. */
static u32 place_taps(const float **to, const Forward *f, u32 pixel, u32 high, u32 k0, u32 depth) {
  const Conv *g = f->g;
  u32 segments = 0;
  for (u32 k = k0; k < k0 + depth; segments++) {
    const u32 tap = k / g->inGroup, ci = k - tap * g->inGroup, ky = tap / g->kernelWidth, kx = tap - ky * g->kernelWidth;
    const u32 run = least(g->inGroup - ci, k0 + depth - k);
    const float **rows = to + segments * TILE_ROWS;
    u32 line = pixel / g->outWidth, ox = pixel - line * g->outWidth, sample = line / g->outHeight, oy = line - sample * g->outHeight;
    for (u32 r = 0; r < high; r++) {
      const u32 iy = oy * g->strideHeight + ky * g->dilationHeight - g->padTop, ix = ox * g->strideWidth + kx * g->dilationWidth - g->padLeft;
      const int inside = iy < g->height && ix < g->width;
      rows[r] = inside ? f->x + (((size_t)sample * g->height + iy) * g->width + ix) * g->channels + ci : workspace.zeros;
      if (++ox == g->outWidth) {
        ox = 0;
        if (++oy == g->outHeight) oy = 0, sample++;
      }
    }
    workspace.lengths[segments] = run;
    k += run;
  }
  return segments;
}

/** Pixels [first, last) of the batch, tap by tap. */
static void forward_taps(const Forward *f, u32 first, u32 last) {
  const Conv *g = f->g;
  const u32 atOnce = pixels_at_once(g, least(BLOCK_DEPTH, BLOCK_DEPTH / g->inGroup + 2));
  for (u32 i = 0; i < BLOCK_DEPTH; i++) workspace.offsets[i] = (i32)i;
  memset(workspace.zeros, 0, sizeof workspace.zeros);
  for (u32 block = first; block < last; block += atOnce) {
    const u32 count = least(last - block, atOnce), height = tile_height(count);
    for (u32 k0 = 0; k0 < f->k; k0 += BLOCK_DEPTH) {
      Tile t = {.depth = least(BLOCK_DEPTH, f->k - k0)};
      const float **to = workspace.rows;
      for (u32 r = 0; r < count; r += height, to += t.segments * TILE_ROWS)
        t.segments = place_taps(to, f, block + r, least(height, count - r), k0, t.depth);
      run_block(f, t, block, count, k0);
    }
  }
}

KERNEL(conv2d) {
  const Conv g = conv_of(a + 7);
  const u32 k = g.taps * g.inGroup, perGroup = (g.pixels + 3) / 4, samplePixels = g.outHeight * g.outWidth;
  const size_t panelFloats = (size_t)((g.outGroup + PANEL - 1) / PANEL) * PANEL * k;
  const int copies = g.inGroup < COPIED_CHANNELS && (size_t)g.imageHeight * g.imageWidth * g.inGroup <= IMAGE_FLOATS;
  for (u32 unit = start; unit < end;) {
    const u32 group = unit / perGroup, strip = unit - group * perGroup, strips = least(end - unit, perGroup - strip);
    const u32 first = strip * 4, last = least(g.pixels, (strip + strips) * 4);
    const Forward f = {.g = &g, .c = FLOATS(0) + group * g.outGroup, .x = FLOATS(1) + group * g.inGroup, .packed = FLOATS(2) + group * panelFloats,
                       .bias = a[3] == 0 ? NULL : FLOATS(3) + group * g.outGroup, .k = k, .activation = WHOLE(5), .slope = SINGLE(6)};
    if (copies)
      for (u32 pixel = first; pixel < last;) {
        const u32 sample = pixel / samplePixels, stop = least(last, (sample + 1) * samplePixels);
        load_image(workspace.image, f.x + (size_t)sample * g.height * g.width * g.channels, &g);
        forward_image(&f, workspace.image, sample, pixel - sample * samplePixels, stop - sample * samplePixels);
        pixel = stop;
      }
    else forward_taps(&f, first, last);
    unit += strips;
  }
}
