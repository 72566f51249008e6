// Mixtures of Gaussians over rows: kernels/clustering/clustering-kernels.ts.
#pragma once
#include "clustering.h"

/** out[row, c] of the rows of a tile for one component. */
INLINE void put_densities(double *out, u32 k, u32 rows, const vw *densities) {
  double all[ABREAST];
  UNROLL for (u32 v = 0; v < VECTORS; v++) store_wide(all + v * SIDE, densities[v]);
  for (u32 i = 0; i < rows; i++) out[(size_t)i * k] = all[i];
}

/** |y|² with L y = x − μ, by forward substitution; y in columns, as the tile is. The factor holds 1/L[i, i]. */
INLINE void solve_tile(vw *squares, double *y, const double *tile, const double *mean, const double *factor, u32 columns) {
  vw square[VECTORS];
  UNROLL for (u32 v = 0; v < VECTORS; v++) square[v] = splat_wide(0);
  for (u32 i = 0; i < columns; i++) {
    const double *line = factor + (size_t)i * columns, *known = y;
    const vw m = splat_wide(mean[i]);
    vw sum[VECTORS];
    UNROLL for (u32 v = 0; v < VECTORS; v++) sum[v] = wide(tile + (size_t)i * ABREAST + v * SIDE) - m;
    for (u32 j = 0; j < i; j++, known += ABREAST) {
      const vw l = splat_wide(line[j]);
      UNROLL for (u32 v = 0; v < VECTORS; v++) sum[v] = sum[v] - l * wide(known + v * SIDE);
    }
    const vw inverse = splat_wide(line[i]);
    UNROLL for (u32 v = 0; v < VECTORS; v++) {
      sum[v] = sum[v] * inverse;
      store_wide(y + (size_t)i * ABREAST + v * SIDE, sum[v]);
      square[v] = square[v] + sum[v] * sum[v];
    }
  }
  UNROLL for (u32 v = 0; v < VECTORS; v++) squares[v] = square[v];
}

KERNEL(triangularDensities) {
  const float *x = ARRAY(const float, 0);
  const double *means = ARRAY(const double, 1), *factors = ARRAY(const double, 2), *constants = ARRAY(const double, 3);
  double *out = ARRAY(double, 4), *tile = ARRAY(double, 5);
  const u32 k = WHOLE(6), columns = WHOLE(7), apart = WHOLE(8);
  double *y = tile + (size_t)ABREAST * columns;
  for (u32 row = start; row < end; row += ABREAST) {
    const u32 rows = least(ABREAST, end - row);
    fill_tile(tile, x + (size_t)row * columns, columns, rows);
    for (u32 c = 0; c < k; c++) {
      vw square[VECTORS];
      solve_tile(square, y, tile, means + (size_t)c * columns, factors + (size_t)c * apart, columns);
      UNROLL for (u32 v = 0; v < VECTORS; v++) square[v] = splat_wide(constants[apart == 0 ? 0 : c]) - splat_wide(0.5) * square[v];
      put_densities(out + (size_t)row * k + c, k, rows, square);
    }
  }
}

KERNEL(diagonalDensities) {
  const float *x = ARRAY(const float, 0);
  const double *means = ARRAY(const double, 1), *precisions = ARRAY(const double, 2), *constants = ARRAY(const double, 3);
  double *out = ARRAY(double, 4), *tile = ARRAY(double, 5);
  const u32 k = WHOLE(6), columns = WHOLE(7);
  for (u32 row = start; row < end; row += ABREAST) {
    const u32 rows = least(ABREAST, end - row);
    fill_tile(tile, x + (size_t)row * columns, columns, rows);
    for (u32 c = 0; c < k; c++) {
      const double *mean = means + (size_t)c * columns, *precision = precisions + (size_t)c * columns;
      vw square[VECTORS];
      UNROLL for (u32 v = 0; v < VECTORS; v++) square[v] = splat_wide(0);
      for (u32 j = 0; j < columns; j++) {
        const vw m = splat_wide(mean[j]), p = splat_wide(precision[j]);
        UNROLL for (u32 v = 0; v < VECTORS; v++) {
          const vw difference = wide(tile + (size_t)j * ABREAST + v * SIDE) - m;
          square[v] = square[v] + difference * difference * p;
        }
      }
      UNROLL for (u32 v = 0; v < VECTORS; v++) square[v] = splat_wide(constants[c]) - splat_wide(0.5) * square[v];
      put_densities(out + (size_t)row * k + c, k, rows, square);
    }
  }
}

KERNEL(sphericalDensities) {
  const float *x = ARRAY(const float, 0);
  const double *means = ARRAY(const double, 1), *precisions = ARRAY(const double, 2), *constants = ARRAY(const double, 3);
  double *out = ARRAY(double, 4), *tile = ARRAY(double, 5);
  const u32 k = WHOLE(6), columns = WHOLE(7);
  for (u32 row = start; row < end; row += ABREAST) {
    const u32 rows = least(ABREAST, end - row);
    fill_tile(tile, x + (size_t)row * columns, columns, rows);
    for (u32 c = 0; c < k; c++) {
      vw square[VECTORS];
      squares_of_tile(square, tile, means + (size_t)c * columns, columns);
      UNROLL for (u32 v = 0; v < VECTORS; v++)
        square[v] = splat_wide(constants[c]) - splat_wide(0.5) * (square[v] * splat_wide(precisions[c]));
      put_densities(out + (size_t)row * k + c, k, rows, square);
    }
  }
}

static void exp_all(double *out, const double *x, u32 count) {
  u32 i = 0;
  for (; i + SIDE <= count; i += SIDE) store_wide(out + i, exp_wide(wide(x + i)));
  if (i == count) return;
  double rest[SIDE] = {0};
  memcpy(rest, x + i, sizeof(double) * (count - i));
  store_wide(rest, exp_wide(wide(rest)));
  memcpy(out + i, rest, sizeof(double) * (count - i));
}

KERNEL(responsibilities) {
  double *values = ARRAY(double, 0);
  const double *log_weights = ARRAY(const double, 1);
  double *log_densities = ARRAY(double, 2), *total = ARRAY(double, 3), *powers = ARRAY(double, 4);
  const u32 k = WHOLE(5);
  double sum = *total;
  for (u32 row = start; row < end; row += ABREAST) {
    const u32 rows = least(ABREAST, end - row);
    double *own = values + (size_t)row * k, largest[ABREAST];
    for (u32 i = 0; i < rows; i++) {
      largest[i] = -INFINITY;
      for (u32 c = 0; c < k; c++) {
        const double value = own[(size_t)i * k + c] + log_weights[c];
        own[(size_t)i * k + c] = value;
        if (value > largest[i] || value != value) largest[i] = value;
      }
      for (u32 c = 0; c < k; c++) powers[(size_t)i * k + c] = own[(size_t)i * k + c] - largest[i];
    }
    exp_all(powers, powers, rows * k);
    for (u32 i = 0; i < rows; i++) {
      double all = 0;
      for (u32 c = 0; c < k; c++) all += powers[(size_t)i * k + c];
      const double density = largest[i] == -INFINITY ? largest[i] : largest[i] + log_double(all);
      for (u32 c = 0; c < k; c++) powers[(size_t)i * k + c] = own[(size_t)i * k + c] - density;
      if (log_densities != NULL) log_densities[row + i] = density;
      sum += density;
    }
    exp_all(own, powers, rows * k);
  }
  *total = sum;
}

KERNEL(addWeightedRows) {
  const float *x = ARRAY(const float, 0);
  const double *weights = ARRAY(const double, 1);
  double *counts = ARRAY(double, 2), *sums = ARRAY(double, 3);
  const u32 k = WHOLE(4), columns = WHOLE(5);
  for (u32 row = start; row < end; row++) {
    const float *restrict from = x + (size_t)row * columns;
    for (u32 c = 0; c < k; c++) {
      const double weight = weights[(size_t)row * k + c];
      if (weight == 0) continue;
      counts[c] += weight;
      double *restrict to = sums + (size_t)c * columns;
      for (u32 j = 0; j < columns; j++) to[j] += weight * from[j];
    }
  }
}

KERNEL(addWeightedSquares) {
  const float *x = ARRAY(const float, 0);
  const double *weights = ARRAY(const double, 1), *means = ARRAY(const double, 2);
  double *sums = ARRAY(double, 3);
  const u32 k = WHOLE(4), columns = WHOLE(5);
  for (u32 row = start; row < end; row++) {
    const float *restrict from = x + (size_t)row * columns;
    for (u32 c = 0; c < k; c++) {
      const double weight = weights[(size_t)row * k + c];
      if (weight == 0) continue;
      const double *restrict mean = means + (size_t)c * columns;
      double *restrict to = sums + (size_t)c * columns;
      for (u32 j = 0; j < columns; j++) {
        const double difference = from[j] - mean[j];
        to[j] += weight * (difference * difference);
      }
    }
  }
}

/** Adds scaled[r]ᵀ difference[r] of some rows, one after another, to four lines of the lower triangle from (i, j) on. */
INLINE void add_block(double *out, const double *differences, const double *scaled, u32 rows, u32 wide_columns, u32 i, u32 j, u32 size) {
  double block[4][BROAD];
  const u32 lines = least(4, size - i);
  for (u32 line = 0; line < 4; line++) {
    const u32 own = line < lines && i + line >= j ? least(BROAD, i + line + 1 - j) : 0;
    memset(block[line], 0, sizeof block[line]);
    memcpy(block[line], out + (size_t)(i + line) * size + j, sizeof(double) * own);
  }
  vw sum[4][2];
  UNROLL for (u32 line = 0; line < 4; line++) {
    sum[line][0] = wide(block[line]);
    sum[line][1] = wide(block[line] + SIDE);
  }
  for (u32 r = 0; r < rows; r++, differences += wide_columns, scaled += wide_columns) {
    const vw first = wide(differences + j), second = wide(differences + j + SIDE);
    UNROLL for (u32 line = 0; line < 4; line++) {
      const vw factor = splat_wide(scaled[i + line]);
      sum[line][0] = sum[line][0] + factor * first;
      sum[line][1] = sum[line][1] + factor * second;
    }
  }
  UNROLL for (u32 line = 0; line < 4; line++) {
    store_wide(block[line], sum[line][0]);
    store_wide(block[line] + SIDE, sum[line][1]);
  }
  for (u32 line = 0; line < lines; line++)
    if (i + line >= j) memcpy(out + (size_t)(i + line) * size + j, block[line], sizeof(double) * least(BROAD, i + line + 1 - j));
}

static void add_products(double *out, const double *differences, const double *scaled, u32 rows, u32 wide_columns, u32 size) {
  for (u32 i = 0; i < size; i += 4)
    for (u32 j = 0; j <= i + 3 && j < size; j += BROAD) add_block(out, differences, scaled, rows, wide_columns, i, j, size);
}

KERNEL(addScatter) {
  const float *x = ARRAY(const float, 0);
  const double *weights = ARRAY(const double, 1), *mean = ARRAY(const double, 2);
  double *out = ARRAY(double, 3), *differences = ARRAY(double, 4);
  const u32 k = WHOLE(5), c = WHOLE(6), columns = WHOLE(7);
  const u32 wide_columns = (columns + BROAD - 1) / BROAD * BROAD;
  double *scaled = differences + (size_t)BATCH * wide_columns;
  u32 rows = 0;
  for (u32 row = start; row < end; row++) {
    const double weight = weights[(size_t)row * k + c];
    if (weight != 0) {
      const float *restrict from = x + (size_t)row * columns;
      double *restrict difference = differences + (size_t)rows * wide_columns, *restrict product = scaled + (size_t)rows * wide_columns;
      for (u32 j = 0; j < columns; j++) {
        difference[j] = from[j] - mean[j];
        product[j] = weight * difference[j];
      }
      for (u32 j = columns; j < wide_columns; j++) difference[j] = product[j] = 0;
      rows++;
    }
    if (rows < BATCH && row + 1 < end) continue;
    add_products(out, differences, scaled, rows, wide_columns, columns);
    rows = 0;
  }
}
