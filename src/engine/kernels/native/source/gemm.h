// Matrix products over a packed B: families/matrix.ts.
#pragma once
#include "tile.h"

/** Elements of k that are summed before the sum is added to C: part of the order of the sums, see assembly/gemm.ts. */
#define BLOCK_DEPTH 256
/** Rows of A that are taken at once: as many as the second-level cache holds beside B's columns. */
#define ROWS_AT_ONCE 264
/** As many rows are worth a copy of B's columns that the first-level cache holds in one piece. */
#define LOCAL_ROWS 40
/** Columns of A that lie apart are packed before they meet more columns of B than this; rows are read where they lie. */
#define UNPACKED_COLUMNS (2 * TILE_COLUMNS)
/** Rows that lie a multiple of this apart share a few sets of the first-level cache, which has no room for a tile of them: they are packed too. */
#define SHARED_SETS 512

/** Copies for one thread. Nothing in them outlives a call. */
typedef struct {
  float rows[(ROWS_AT_ONCE + TILE_ROWS) * BLOCK_DEPTH], columns[BLOCK_DEPTH * TILE_COLUMNS];
} Copies;
static _Thread_local Copies copies __attribute__((aligned(64)));

typedef int i4 __attribute__((vector_size(16)));
#if defined(__clang__)
#define SHUFFLE4(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SHUFFLE4(a, b, i, j, k, l) __builtin_shuffle(a, b, (i4){i, j, k, l})
#endif
typedef float v4 __attribute__((vector_size(16)));

/** Four runs of four become four columns of four, `step` floats apart. */
INLINE void store_transposed(float *out, size_t step, v4 a, v4 b, v4 c, v4 d) {
  const v4 ab = SHUFFLE4(a, b, 0, 4, 1, 5), ab2 = SHUFFLE4(a, b, 2, 6, 3, 7);
  const v4 cd = SHUFFLE4(c, d, 0, 4, 1, 5), cd2 = SHUFFLE4(c, d, 2, 6, 3, 7);
  store4(out, SHUFFLE4(ab, cd, 0, 1, 4, 5));
  store4(out + step, SHUFFLE4(ab, cd, 2, 3, 6, 7));
  store4(out + 2 * step, SHUFFLE4(ab2, cd2, 0, 1, 4, 5));
  store4(out + 3 * step, SHUFFLE4(ab2, cd2, 2, 3, 6, 7));
}

/** out[l · height + r] = a[r · row + l · step]: the rows of one tile, interleaved. */
static void interleave(float *out, const float *a, size_t row, size_t step, u32 height, u32 depth) {
  if (row == 1) {
    for (u32 l = 0; l < depth; l++, out += height, a += step) {
      for (u32 r = 0; r < height; r += LANES) store_some(out + r, load_some(a + r, height - r), height - r);
    }
    return;
  }
  u32 done = 0;
  if (step == 1)
    for (; done + 4 <= height; done += 4) {
      const float *from = a + done * row;
      u32 l = 0;
      for (; l + 4 <= depth; l += 4, from += 4)
        store_transposed(out + (size_t)l * height + done, height, load4(from), load4(from + row), load4(from + 2 * row), load4(from + 3 * row));
      for (; l < depth; l++, from++)
        for (u32 r = 0; r < 4; r++) out[(size_t)l * height + done + r] = from[r * row];
    }
  for (u32 r = done; r < height; r++)
    for (u32 l = 0; l < depth; l++) out[(size_t)l * height + r] = a[r * row + l * step];
}

/** Copies the tile's columns of B, `depth` rows of them, so that they are read from one place. */
static void copy_columns(Tile *t) {
  float *out = copies.columns;
  const float *low0 = t->low[0], *high0 = t->high[0], *low1 = t->low[1], *high1 = t->high[1];
  for (u32 l = 0; l < t->depth; l++, out += TILE_COLUMNS, low0 += PANEL, high0 += PANEL, low1 += PANEL, high1 += PANEL) {
    __builtin_prefetch(low0 + AHEAD);
#if LANES >= PANEL
    __builtin_prefetch(low1 + AHEAD);
#endif
#if LANES == 16
    __builtin_prefetch(high0 + AHEAD);
    __builtin_prefetch(high1 + AHEAD);
#endif
    store(out, panel_lanes(low0, high0));
    store(out + LANES, panel_lanes(low1, high1));
  }
  t->low[0] = copies.columns;
}

/** Places B's columns for j … , `left` of them left, and copies them where as many rows meet them as are worth it. Gives whether it did. */
static int place_columns(Tile *t, const float *packed, size_t k, u32 j, u32 left, u32 rows) {
  place_panels(t, packed, k, j, left);
  const int local = rows >= LOCAL_ROWS && t->columns > LANES;
  if (local) copy_columns(t);
  return local;
}

KERNEL(gemm) {
  float *c = FLOATS(0);
  const float *left = FLOATS(1);
  const float *packed = FLOATS(2);
  const float *bias = FLOATS_OR_NULL(3);
  const u32 m = WHOLE(5), n = WHOLE(6), k = WHOLE(7);
  const size_t aRow = WHOLE(8), aColumn = WHOLE(9), cRow = WHOLE(10);
  const int accumulate = WHOLE(11) != 0;
  const u32 activation = WHOLE(12);
  const float slope = SINGLE(13);
  const u32 firstRow = start * 4, lastRow = least(m, end * 4);
  const int packs = n > UNPACKED_COLUMNS && (aColumn != 1 || aRow % SHARED_SETS == 0), adjacent = packs || aRow == 1;
  const u32 all = lastRow > firstRow ? lastRow - firstRow : 0, blocks = (all + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
  const u32 atOnce = blocks == 0 ? 0 : (all + blocks - 1) / blocks;
  for (u32 block = firstRow; block < lastRow; block += atOnce) {
    const u32 rows = least(atOnce, lastRow - block), height = tile_height(rows);
    u32 k0 = 0;
    do {
      const u32 depth = least(BLOCK_DEPTH, k - k0);
      const int ends = k0 + depth >= k;
      const float *from = left + block * aRow + k0 * aColumn;
      if (packs)
        for (u32 r = 0; r < rows; r += height)
          interleave(copies.rows + (size_t)r * depth, from + r * aRow, aRow, aColumn, least(height, rows - r), depth);
      Tile t = {.cRow = cRow, .depth = depth, .accumulate = k0 > 0 || accumulate, .activation = ends ? activation : 0, .row = aRow};
      for (u32 j = 0; j < n; j += TILE_COLUMNS) {
        const int local = place_columns(&t, packed + (size_t)k0 * PANEL, k, j, n - j, rows);
        const int mode = adjacent ? (local ? ADJACENT_LOCAL : ADJACENT) : local ? STRIDED_LOCAL : STRIDED;
        t.bias = ends && bias ? bias + j : NULL;
        for (u32 r = 0; r < rows; r += height) {
          const u32 high = least(height, rows - r);
          t.c = c + (block + r) * cRow + j;
          t.a = packs ? copies.rows + (size_t)r * depth : from + r * aRow;
          t.step = packs ? high : aColumn;
          run_tile(&t, high, mode, t.activation, slope);
        }
      }
      k0 += BLOCK_DEPTH;
    } while (k0 < k);
  }
}

/** A panel: column j of `columns` at b[i · row + j · column]; missing columns are 0. */
static void pack_panel(float *out, const float *b, u32 k, u32 columns, size_t row, size_t column) {
  if (column == 1) {
    for (u32 i = 0; i < k; i++, out += PANEL, b += row) {
      if (columns == PANEL) {
        store4(out, load4(b));
        store4(out + 4, load4(b + 4));
      } else {
        for (u32 j = 0; j < PANEL; j++) out[j] = j < columns ? b[j] : 0;
      }
    }
    return;
  }
  u32 i = 0;
  if (columns == PANEL && row == 1)
    for (; i + 4 <= k; i += 4, out += 4 * PANEL, b += 4) {
      const float *q = b + 4 * column;
      store_transposed(out, PANEL, load4(b), load4(b + column), load4(b + 2 * column), load4(b + 3 * column));
      store_transposed(out + 4, PANEL, load4(q), load4(q + column), load4(q + 2 * column), load4(q + 3 * column));
    }
  for (; i < k; i++, out += PANEL, b += row)
    for (u32 j = 0; j < PANEL; j++) out[j] = j < columns ? b[j * column] : 0;
}

/** Whole panels of adjacent columns, some at once, so that rows are read in longer runs. */
static void pack_panels(float *out, const float *b, u32 k, u32 panels, size_t row) {
  const size_t panel = (size_t)k * PANEL;
  for (u32 i = 0; i < k; i++, out += PANEL, b += row)
    for (u32 p = 0; p < panels; p++) {
      store4(out + p * panel, load4(b + p * PANEL));
      store4(out + p * panel + 4, load4(b + p * PANEL + 4));
    }
}
#define PANELS_AT_ONCE 8

KERNEL(packB) {
  const u32 k = WHOLE(2), n = WHOLE(3);
  const size_t row = WHOLE(4), column = WHOLE(5), batchStride = WHOLE(7);
  const u32 panels = (n + PANEL - 1) / PANEL, whole = n / PANEL;
  for (u32 unit = start; unit < end;) {
    const u32 batch = unit / panels, panel = unit % panels;
    float *out = FLOATS(0) + (size_t)unit * k * PANEL;
    const float *b = FLOATS(1) + batch * batchStride + panel * PANEL * column;
    const u32 together = column == 1 && panel < whole ? least(least(PANELS_AT_ONCE, whole - panel), end - unit) : 1;
    if (together > 1) pack_panels(out, b, k, together, row);
    else pack_panel(out, b, k, least(PANEL, n - panel * PANEL), row, column);
    unit += together;
  }
}

KERNEL(squaredDistances) {
  const u32 centres = WHOLE(3), columns = WHOLE(4);
  for (u32 i = start; i < end; i++)
    for (u32 centre = 0; centre < centres; centre++) {
      const float *p = FLOATS(1) + (size_t)i * columns, *q = FLOATS(2) + (size_t)centre * columns;
      f4 lanes = {0, 0, 0, 0};
      u32 j = 0;
      for (; j + 4 <= columns; j += 4) {
        const f4 d = load4(p + j) - load4(q + j);
        lanes = lanes + d * d;
      }
      float total = sum_lanes(lanes);
      for (; j < columns; j++) {
        const float d = p[j] - q[j];
        total += d * d;
      }
      FLOATS(0)[(size_t)i * centres + centre] = total;
    }
}
