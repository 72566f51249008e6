// Sums, extremes and counts: families/reductions.ts. What is summed together, and in which type, is as in assembly/reductions.ts.
#pragma once
#include "elementary.h"

#define CHUNK 4096
/** Rows that are summed in f32 before the sum is added to an f64 total. */
#define ROWS_IN_SINGLE 64

/** As many f64 as there are lanes, and back. */
INLINE vd widen(vf v) { return __builtin_convertvector(v, vd); }
INLINE vf narrow(vd v) { return __builtin_convertvector(v, vf); }
INLINE vd splat_double(double x) { return x - (vd){}; }

/** Sums of `groups` vectors of columns, side by side so that their latencies hide each other. */
INLINE void sum_columns_of(float *out, const float *x, u32 rows, u32 columns, double factor, const u32 groups, u32 n) {
  vd totals[4];
  UNROLL for (u32 v = 0; v < groups; v++) totals[v] = splat_double(0);
  for (u32 i = 0; i < rows; i += ROWS_IN_SINGLE) {
    const u32 last = least(rows, i + ROWS_IN_SINGLE);
    vf parts[4];
    UNROLL for (u32 v = 0; v < groups; v++) parts[v] = zero();
    for (u32 r = i; r < last; r++, x += columns)
      UNROLL for (u32 v = 0; v < groups; v++) parts[v] = parts[v] + (groups > 1 ? load(x + v * LANES) : load_some(x, n));
    UNROLL for (u32 v = 0; v < groups; v++) totals[v] = totals[v] + widen(parts[v]);
  }
  UNROLL for (u32 v = 0; v < groups; v++) {
    const vf sum = narrow(totals[v] * splat_double(factor));
    if (groups > 1) store(out + v * LANES, sum);
    else store_some(out, sum, n);
  }
}

KERNEL(sumRows) {
  float *out = FLOATS(0);
  const float *x = FLOATS(1);
  const u32 rows = WHOLE(2), columns = WHOLE(3);
  u32 j = start;
  for (; j + 4 * LANES <= end; j += 4 * LANES) sum_columns_of(out + j, x + j, rows, columns, a[4], 4, LANES);
  for (; j < end; j += LANES) sum_columns_of(out + j, x + j, rows, columns, a[4], 1, end - j);
}

/** Σ x of a run: four lanes over 256 elements in f32, then f64. */
static double sum_run(const float *x, u32 count) {
  double total = 0;
  for (u32 i = 0; i < count; i += 256) {
    const u32 last = least(count, i + 256);
    f4 lanes = {0, 0, 0, 0};
    u32 j = i;
    for (; j + 4 <= last; j += 4) lanes = lanes + load4(x + j);
    float part = sum_lanes(lanes);
    for (; j < last; j++) part += x[j];
    total += (double)part;
  }
  return total;
}

KERNEL(sumColumns) {
  const u32 columns = WHOLE(2);
  for (u32 i = start; i < end; i++) FLOATS(0)[i] = (float)(sum_run(FLOATS(1) + (size_t)i * columns, columns) * a[3]);
}

INLINE u32 chunk_length(u32 c, u32 count) { return least(CHUNK, count - c * CHUNK); }

KERNEL(sumChunks) {
  for (u32 c = start; c < end; c++) DOUBLES(0)[c] = sum_run(FLOATS(1) + (size_t)c * CHUNK, chunk_length(c, WHOLE(2)));
}

typedef double d2 __attribute__((vector_size(16)));

/** Squares of each chunk in f64, in two lanes; of four chunks side by side. */
static void squares_of(double *partials, const float *const *p, u32 length) {
  d2 lanes[4] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
  u32 i = 0;
  for (; i + 2 <= length; i += 2)
    for (u32 v = 0; v < 4; v++) {
      const d2 x = {(double)p[v][i], (double)p[v][i + 1]};
      lanes[v] = lanes[v] + x * x;
    }
  for (u32 v = 0; v < 4; v++) {
    double total = lanes[v][0] + lanes[v][1];
    if (i < length) total += (double)p[v][i] * (double)p[v][i];
    partials[v] = total;
  }
}

KERNEL(sumSquaresChunks) {
  const u32 count = WHOLE(2);
  for (u32 c = start; c < end; c++) {
    const float *x = FLOATS(1) + (size_t)c * CHUNK;
    if (c + 4 <= end && chunk_length(c + 3, count) == CHUNK) {
      const float *p[4] = {x, x + CHUNK, x + 2 * CHUNK, x + 3 * CHUNK};
      squares_of(DOUBLES(0) + c, p, CHUNK);
      c += 3;
      continue;
    }
    const float *p[4] = {x, x, x, x};
    double same[4];
    squares_of(same, p, chunk_length(c, count));
    DOUBLES(0)[c] = same[0];
  }
}

KERNEL(nonFiniteChunks) {
  for (u32 c = start; c < end; c++) {
    const u32 *p = INTEGERS(1) + (size_t)c * CHUNK, length = chunk_length(c, WHOLE(2));
    u32 found = 0;
    for (u32 i = 0; i < length; i++) found += (p[i] & 0x7f800000) == 0x7f800000;
    DOUBLES(0)[c] = found;
  }
}

KERNEL(zeroChunks) {
  for (u32 c = start; c < end; c++) {
    const u32 *p = INTEGERS(1) + (size_t)c * CHUNK, length = chunk_length(c, WHOLE(2));
    u32 found = 0;
    for (u32 i = 0; i < length; i++) found += (p[i] & 0x7fffffff) == 0;
    DOUBLES(0)[c] = found;
  }
}

static double fold(const double *partials, u32 chunks) {
  double total = 0;
  for (u32 c = 0; c < chunks; c++) total += partials[c];
  return total;
}

KERNEL(foldPartials) {
  if (start < end) DOUBLES(0)[0] = a[3] * fold(DOUBLES(1), WHOLE(2));
}

KERNEL(sumPartials) {
  if (start < end) FLOATS(0)[0] = (float)(a[3] * fold(DOUBLES(1), WHOLE(2)));
}

KERNEL(clipFactor) {
  if (start >= end) return;
  const double norm = sqrt(DOUBLES(1)[0]);
  DOUBLES(0)[0] = norm > a[2] ? a[2] / norm : 1;
}

/** The larger of two; a NaN if either is one, and +0 before −0. */
INLINE float larger(float x, float y) {
  if (x != x) return x;
  if (y != y) return y;
  if (x == y) return signbit(x) ? y : x;
  return x > y ? x : y;
}

KERNEL(maxColumns) {
  const u32 columns = WHOLE(2);
  for (u32 i = start; i < end; i++) {
    const float *x = FLOATS(1) + (size_t)i * columns;
    float best = -INFINITY;
    for (u32 j = 0; j < columns; j++) best = larger(best, x[j]);
    FLOATS(0)[i] = best;
  }
}

KERNEL(argmaxColumns) {
  const u32 columns = WHOLE(2);
  for (u32 i = start; i < end; i++) {
    const float *x = FLOATS(1) + (size_t)i * columns;
    float best = -INFINITY;
    u32 place = 0;
    for (u32 j = 0; j < columns; j++)
      if (x[j] > best) best = x[j], place = j;
    INTEGERS(0)[i] = place;
  }
}

KERNEL(argminColumns) {
  const u32 columns = WHOLE(2);
  for (u32 i = start; i < end; i++) {
    const float *x = FLOATS(1) + (size_t)i * columns;
    float best = INFINITY;
    u32 place = 0;
    for (u32 j = 0; j < columns; j++)
      if (x[j] < best) best = x[j], place = j;
    INTEGERS(0)[i] = place;
  }
}

KERNEL(everActive) {
  const u32 rows = WHOLE(2), columns = WHOLE(3);
  for (u32 i = 0; i < rows; i++)
    for (u32 j = start; j < end; j++)
      if (FLOATS(1)[(size_t)i * columns + j] > 0) INTEGERS(0)[j] = 1;
}
