// The microkernel: a tile of C of some rows and one or two vectors of columns, its sums in registers. Each element is summed over k in order, as in
#pragma once
// assembly/gemm.ts: more rows and wider lanes change how many elements are summed at once, not how one is.
#include "elementary.h"

#if LANES == 16
#define TILE_ROWS 12
#elif LANES == 8
#define TILE_ROWS 6
#else
#define TILE_ROWS 8
#endif
/** Vectors of a tile, and the columns that they hold. */
#define TILE_VECTORS 2
#define TILE_COLUMNS (TILE_VECTORS * LANES)
#define PANEL 8
/** Floats of a panel that are fetched ahead of their use. */
#define AHEAD (16 * PANEL)

/** Where the rows of A lie; with LOCAL, B is a copy of its columns, row after row. */
enum { ADJACENT, STRIDED, INDIRECT, SCATTERED, ADJACENT_LOCAL, STRIDED_LOCAL, INDIRECT_LOCAL, SCATTERED_LOCAL };
#define MODES 8

typedef struct {
  float *c;
  size_t cRow;
  /** ADJACENT: a[l · step + r]. STRIDED: a[r · row + l · step]. LOCAL: B's row 0 is at low[0], the row after it TILE_COLUMNS floats further. */
  const float *a;
  size_t step, row;
  /** INDIRECT: rows[segment · TILE_ROWS + r][offsets[i]], l counting through `segments` runs of lengths[segment]. SCATTERED: a[offsets[l] + r]. */
  const float *const *rows;
  const i32 *offsets;
  const u32 *lengths;
  u32 segments;
  /** Both halves of each vector of B's row 0; the row after it lies PANEL floats further. */
  const float *low[TILE_VECTORS], *high[TILE_VECTORS];
  u32 depth, columns;
  int accumulate;
  /** NULL, or the bias of the first column. */
  const float *bias;
  /** Applied at the end: 0 or 1 here, others by `finish`. */
  u32 activation;
} Tile;

/** One row of B: from two panels, from one, or from half a panel. */
INLINE vf panel_lanes(const float *low, const float *high) {
#if LANES == 16
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps(low)), _mm256_loadu_ps(high), 1);
#else
  (void)high;
  return load(low);
#endif
}

/** Places the vectors of B for columns j … of panels of depth k, `left` columns left. A half that is not there reads the other: its sums are not stored. */
INLINE void place_panels(Tile *t, const float *packed, size_t k, u32 j, u32 left) {
  for (u32 v = 0; v < TILE_VECTORS; v++) {
    const u32 column = j + v * LANES;
    const float *low = packed + (size_t)(column / PANEL) * PANEL * k + column % PANEL;
    t->low[v] = v * LANES < left ? low : packed;
    t->high[v] = v * LANES + PANEL < left ? low + PANEL * k : t->low[v];
  }
  t->columns = left;
}

/** C (+)= A · B, then bias and ReLU. R, V and mode are constants where this is inlined. */
INLINE void compute_tile(const Tile *t, const u32 R, const u32 V, const int mode) {
  vf sums[TILE_ROWS][TILE_VECTORS];
  UNROLL for (u32 r = 0; r < R; r++)
    UNROLL for (u32 v = 0; v < V; v++) sums[r][v] = zero();
  const float *a = t->a;
  const size_t step = t->step, row = t->row, row3 = 3 * row;
  const float *low0 = t->low[0], *high0 = t->high[0], *low1 = t->low[1], *high1 = t->high[1];
  const u32 depth = t->depth;
  const int local = mode >= ADJACENT_LOCAL, strided = mode == STRIDED || mode == STRIDED_LOCAL;
  const int indirect = mode == INDIRECT || mode == INDIRECT_LOCAL, scattered = mode == SCATTERED || mode == SCATTERED_LOCAL;
  const u32 segments = indirect ? t->segments : 1;
  for (u32 segment = 0; segment < segments; segment++) {
    const i32 *offsets = t->offsets;
    const u32 length = indirect ? t->lengths[segment] : depth;
    const float *rows[TILE_ROWS];
    if (indirect) {
      UNROLL for (u32 r = 0; r < R; r++) rows[r] = t->rows[segment * TILE_ROWS + r];
    }
    for (u32 l = 0; l < length; l++) {
      const vf b0 = local ? load(low0) : panel_lanes(low0, high0);
      const vf b1 = V == 1 ? b0 : local ? load(low0 + LANES) : panel_lanes(low1, high1);
      // B comes from the second-level cache, A from the first.
      if (!local && V > 1 && R > 4) {
        __builtin_prefetch(low0 + AHEAD);
#if LANES >= PANEL
        __builtin_prefetch(low1 + AHEAD);
#endif
#if LANES == 16
        __builtin_prefetch(high0 + AHEAD);
        __builtin_prefetch(high1 + AHEAD);
#endif
      }
      const float *p = scattered ? a + offsets[l] : a;
      const ptrdiff_t offset = indirect ? offsets[l] : 0;
      UNROLL for (u32 r = 0; r < R; r++) {
        const float *at = strided ? p + (r % 3) * row : indirect ? rows[r] + offset : p + r;
        sums[r][0] = sums[r][0] + times(at, b0);
        if (V > 1) sums[r][1] = sums[r][1] + times(at, b1);
        if (strided && r % 3 == 2) p += row3;
      }
      a += step;
      low0 += local ? TILE_COLUMNS : PANEL;
      high0 += PANEL;
      low1 += PANEL;
      high1 += PANEL;
    }
  }
  float *c = t->c;
  const int whole = t->columns >= V * LANES, accumulate = t->accumulate, relu = t->activation == 1;
  const float *bias = t->bias;
  vf biases[TILE_VECTORS] = {zero(), zero()};
  if (bias)
    for (u32 v = 0; v < V; v++) biases[v] = whole ? load(bias + v * LANES) : load_some(bias + v * LANES, t->columns - v * LANES);
  UNROLL for (u32 r = 0; r < R; r++, c += t->cRow)
    UNROLL for (u32 v = 0; v < V; v++) {
      float *to = c + v * LANES;
      const u32 n = whole ? LANES : t->columns - v * LANES;
      vf sum = sums[r][v];
      if (accumulate) sum = (whole ? load(to) : load_some(to, n)) + sum;
      if (bias) sum = sum + biases[v];
      if (relu) sum = relu_lanes(sum);
      if (whole) store(to, sum);
      else store_some(to, sum, n);
    }
}

typedef void TileFunction(const Tile *);

#define TILE(R) \
  APART void adjacent1_##R(const Tile *t) { compute_tile(t, R, 1, ADJACENT); } \
  APART void adjacent2_##R(const Tile *t) { compute_tile(t, R, 2, ADJACENT); } \
  APART void strided1_##R(const Tile *t) { compute_tile(t, R, 1, STRIDED); } \
  APART void strided2_##R(const Tile *t) { compute_tile(t, R, 2, STRIDED); } \
  APART void indirect1_##R(const Tile *t) { compute_tile(t, R, 1, INDIRECT); } \
  APART void indirect2_##R(const Tile *t) { compute_tile(t, R, 2, INDIRECT); } \
  APART void scattered1_##R(const Tile *t) { compute_tile(t, R, 1, SCATTERED); } \
  APART void scattered2_##R(const Tile *t) { compute_tile(t, R, 2, SCATTERED); } \
  APART void adjacent_local_##R(const Tile *t) { compute_tile(t, R, 2, ADJACENT_LOCAL); } \
  APART void strided_local_##R(const Tile *t) { compute_tile(t, R, 2, STRIDED_LOCAL); } \
  APART void indirect_local_##R(const Tile *t) { compute_tile(t, R, 2, INDIRECT_LOCAL); } \
  APART void scattered_local_##R(const Tile *t) { compute_tile(t, R, 2, SCATTERED_LOCAL); }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
#if TILE_ROWS > 6
TILE(7)
TILE(8)
#endif
#if TILE_ROWS > 8
TILE(9)
TILE(10)
TILE(11)
TILE(12)
#endif

#if TILE_ROWS == 12
#define EACH(name) {name##1, name##2, name##3, name##4, name##5, name##6, name##7, name##8, name##9, name##10, name##11, name##12}
#elif TILE_ROWS == 8
#define EACH(name) {name##1, name##2, name##3, name##4, name##5, name##6, name##7, name##8}
#else
#define EACH(name) {name##1, name##2, name##3, name##4, name##5, name##6}
#endif
/** By mode, vectors and rows, counted from 1. */
static TileFunction *const tiles[MODES][TILE_VECTORS][TILE_ROWS] = {
  {EACH(adjacent1_), EACH(adjacent2_)},
  {EACH(strided1_), EACH(strided2_)},
  {EACH(indirect1_), EACH(indirect2_)},
  {EACH(scattered1_), EACH(scattered2_)},
  {EACH(adjacent_local_), EACH(adjacent_local_)},
  {EACH(strided_local_), EACH(strided_local_)},
  {EACH(indirect_local_), EACH(indirect_local_)},
  {EACH(scattered_local_), EACH(scattered_local_)},
};

/** Applies an activation other than ReLU to a tile that was just stored. */
APART void finish_tile(const Tile *t, u32 rows, u32 activation, float slope) {
  const vf s = splat(slope);
  for (u32 r = 0; r < rows; r++)
    for (u32 j = 0; j < t->columns && j < TILE_COLUMNS; j += LANES) {
      float *to = t->c + r * t->cRow + j;
      const u32 n = t->columns - j;
      store_some(to, activate(load_some(to, n), activation, s), n);
    }
}

INLINE void run_tile(const Tile *t, u32 rows, int mode, u32 activation, float slope) {
  tiles[mode][t->columns > LANES][rows - 1](t);
  if (activation > 1) finish_tile(t, rows, activation, slope);
}

/** Rows of each of the tiles that `rows` are cut into: as few tiles as can be, all about as high. */
INLINE u32 tile_height(u32 rows) {
  const u32 count = (rows + TILE_ROWS - 1) / TILE_ROWS;
  return count == 0 ? 0 : (rows + count - 1) / count;
}
