// k-means and mixtures over rows, in f64: kernels/clustering/clustering-kernels.ts. Rows stand side by side in the lanes where each has a sum of its own; where rows
// are summed, their inputs do. Arrays are named by their addresses, so that they may lie anywhere.
#pragma once
#include "elementary64.h"

/** Rows of a tile: their inputs stand in columns, as f64. */
#define ABREAST 32
#define VECTORS (ABREAST / SIDE)
/** Rows whose products are added to a covariance at once, and columns to a multiple of which their differences are kept. */
#define BATCH 64
#define BROAD (2 * SIDE)

#define ARRAY(type, i) ((type *)(uintptr_t)a[i])

/** Four inputs of four rows from `row` of the tile on. */
INLINE void fill_square(double *tile, const float *x, u32 columns) {
  const f4 p = load4(x), q = load4(x + columns), r = load4(x + 2 * (size_t)columns), s = load4(x + 3 * (size_t)columns);
  const f4 pq = SHUFFLE4(p, q, 0, 4, 1, 5), rs = SHUFFLE4(r, s, 0, 4, 1, 5);
  const f4 pq_high = SHUFFLE4(p, q, 2, 6, 3, 7), rs_high = SHUFFLE4(r, s, 2, 6, 3, 7);
  store_d4(tile, __builtin_convertvector(SHUFFLE4(pq, rs, 0, 1, 4, 5), d4));
  store_d4(tile + ABREAST, __builtin_convertvector(SHUFFLE4(pq, rs, 2, 3, 6, 7), d4));
  store_d4(tile + 2 * ABREAST, __builtin_convertvector(SHUFFLE4(pq_high, rs_high, 0, 1, 4, 5), d4));
  store_d4(tile + 3 * ABREAST, __builtin_convertvector(SHUFFLE4(pq_high, rs_high, 2, 3, 6, 7), d4));
}

/** tile[j][i] = x[i, j] of `rows` rows; what stands for rows that are missing does not matter, but it is a number. */
static void fill_tile(double *tile, const float *x, u32 columns, u32 rows) {
  u32 i = 0;
  for (; i + 4 <= rows; i += 4, x += 4 * (size_t)columns) {
    u32 j = 0;
    for (; j + 4 <= columns; j += 4) fill_square(tile + (size_t)j * ABREAST + i, x + j, columns);
    for (; j < columns; j++)
      for (u32 r = 0; r < 4; r++) tile[(size_t)j * ABREAST + i + r] = x[r * (size_t)columns + j];
  }
  for (; i < rows; i++, x += columns)
    for (u32 j = 0; j < columns; j++) tile[(size_t)j * ABREAST + i] = x[j];
  for (; i < ABREAST; i++)
    for (u32 j = 0; j < columns; j++) tile[(size_t)j * ABREAST + i] = 0;
}

/** Σⱼ (x[j] − centre[j])² of each row of the tile. */
INLINE void squares_of_tile(vw *sums, const double *tile, const double *centre, u32 columns) {
  vw sum[VECTORS];
  UNROLL for (u32 v = 0; v < VECTORS; v++) sum[v] = splat_wide(0);
  for (u32 j = 0; j < columns; j++, tile += ABREAST) {
    const vw c = splat_wide(centre[j]);
    UNROLL for (u32 v = 0; v < VECTORS; v++) {
      const vw difference = wide(tile + v * SIDE) - c;
      sum[v] = sum[v] + difference * difference;
    }
  }
  UNROLL for (u32 v = 0; v < VECTORS; v++) sums[v] = sum[v];
}

/** The same in an array. */
INLINE void put_squares(double *squares, const double *tile, const double *centre, u32 columns) {
  vw sums[VECTORS];
  squares_of_tile(sums, tile, centre, columns);
  UNROLL for (u32 v = 0; v < VECTORS; v++) store_wide(squares + v * SIDE, sums[v]);
}

KERNEL(nearestCentres) {
  const float *x = ARRAY(const float, 0);
  const double *centres = ARRAY(const double, 1);
  i32 *assignments = ARRAY(i32, 2);
  double *distances = ARRAY(double, 3), *inertia = ARRAY(double, 4), *tile = ARRAY(double, 5);
  const u32 k = WHOLE(6), columns = WHOLE(7);
  double sum = *inertia;
  for (u32 row = start; row < end; row += ABREAST) {
    const u32 rows = least(ABREAST, end - row);
    fill_tile(tile, x + (size_t)row * columns, columns, rows);
    vw nearest[VECTORS];
    vl which[VECTORS];
    squares_of_tile(nearest, tile, centres, columns);
    UNROLL for (u32 v = 0; v < VECTORS; v++) which[v] = (vl){};
    for (u32 c = 1; c < k; c++) {
      vw square[VECTORS];
      squares_of_tile(square, tile, centres + (size_t)c * columns, columns);
      UNROLL for (u32 v = 0; v < VECTORS; v++) {
        const vl nearer = square[v] < nearest[v];
        nearest[v] = pick(nearer, square[v], nearest[v]);
        which[v] = (nearer & (i64)c) | (~nearer & which[v]);
      }
    }
    double least_of[ABREAST];
    i64 which_of[ABREAST];
    UNROLL for (u32 v = 0; v < VECTORS; v++) {
      store_wide(least_of + v * SIDE, nearest[v]);
      memcpy(which_of + v * SIDE, &which[v], sizeof which[v]);
    }
    for (u32 i = 0; i < rows; i++) {
      assignments[row + i] = (i32)which_of[i];
      distances[row + i] = least_of[i];
      sum += least_of[i];
    }
  }
  *inertia = sum;
}

/** Math.min of an earlier distance and this one: of a number and none it is none. */
INLINE double nearer_of(double before, double distance) {
  return distance < before || distance != distance ? distance : before;
}

KERNEL(nearerCentre) {
  const float *x = ARRAY(const float, 0);
  const double *centre = ARRAY(const double, 1);
  double *distances = ARRAY(double, 2), *tile = ARRAY(double, 3);
  const u32 columns = WHOLE(4);
  for (u32 row = start; row < end; row += ABREAST) {
    const u32 rows = least(ABREAST, end - row);
    fill_tile(tile, x + (size_t)row * columns, columns, rows);
    double squares[ABREAST];
    put_squares(squares, tile, centre, columns);
    for (u32 i = 0; i < rows; i++) distances[row + i] = nearer_of(distances[row + i], squares[i]);
  }
}

KERNEL(addPotentials) {
  const float *x = ARRAY(const float, 0);
  const double *candidates = ARRAY(const double, 1), *distances = ARRAY(const double, 2);
  double *potentials = ARRAY(double, 3), *tile = ARRAY(double, 4);
  const u32 count = WHOLE(5), columns = WHOLE(6);
  for (u32 row = start; row < end; row += ABREAST) {
    const u32 rows = least(ABREAST, end - row);
    fill_tile(tile, x + (size_t)row * columns, columns, rows);
    for (u32 t = 0; t < count; t++) {
      double squares[ABREAST];
      put_squares(squares, tile, candidates + (size_t)t * columns, columns);
      double sum = potentials[t];
      for (u32 i = 0; i < rows; i++) sum += nearer_of(distances[row + i], squares[i]);
      potentials[t] = sum;
    }
  }
}

KERNEL(addRows) {
  const float *x = ARRAY(const float, 0);
  const i32 *assignments = ARRAY(const i32, 1);
  double *sums = ARRAY(double, 2);
  i32 *counts = ARRAY(i32, 3);
  const u32 columns = WHOLE(4);
  for (u32 row = start; row < end; row++) {
    const u32 c = (u32)assignments[row];
    const float *restrict from = x + (size_t)row * columns;
    double *restrict to = sums + (size_t)c * columns;
    counts[c]++;
    for (u32 j = 0; j < columns; j++) to[j] += from[j];
  }
}

KERNEL(centreDistances) {
  const float *x = ARRAY(const float, 0);
  const double *centres = ARRAY(const double, 1);
  double *out = ARRAY(double, 2), *tile = ARRAY(double, 3);
  const u32 k = WHOLE(4), columns = WHOLE(5);
  for (u32 row = start; row < end; row += ABREAST) {
    const u32 rows = least(ABREAST, end - row);
    fill_tile(tile, x + (size_t)row * columns, columns, rows);
    for (u32 c = 0; c < k; c++) {
      double squares[ABREAST];
      put_squares(squares, tile, centres + (size_t)c * columns, columns);
      for (u32 i = 0; i < ABREAST; i++) squares[i] = __builtin_sqrt(squares[i]);
      for (u32 i = 0; i < rows; i++) out[(size_t)(row + i) * k + c] = squares[i];
    }
  }
}

KERNEL(rowDistances) {
  const float *x = ARRAY(const float, 0);
  double *triangle = ARRAY(double, 1), *tile = ARRAY(double, 2);
  const u32 columns = WHOLE(3);
  double *own = tile + (size_t)ABREAST * columns;
  for (u32 first = 0; first < end; first += ABREAST) {
    fill_tile(tile, x + (size_t)first * columns, columns, least(ABREAST, end - first));
    for (u32 row = most(start, first + 1); row < end; row++) {
      for (u32 j = 0; j < columns; j++) own[j] = x[(size_t)row * columns + j];
      double squares[ABREAST];
      put_squares(squares, tile, own, columns);
      for (u32 i = 0; i < ABREAST; i++) squares[i] = __builtin_sqrt(squares[i]);
      memcpy(triangle + (size_t)row * (row - 1) / 2 + first, squares, sizeof(double) * least(ABREAST, row - first));
    }
  }
}
