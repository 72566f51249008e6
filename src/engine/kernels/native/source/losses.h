// Softmax and losses with their gradients: families/activations.ts and families/losses.ts. A row's sums are those of four lanes.
#pragma once
#include "reductions.h"

INLINE float weight_of(const float *rowWeights, u32 i) { return rowWeights ? rowWeights[i] : 1; }

/** Adds the quads of v, one after the other, to four lanes: the order in which they were summed four at a time. Lanes past n are not added. */
INLINE f4 add_quads(f4 total, vf v, u32 n) {
  float lanes[LANES];
  store(lanes, v);
  const u32 count = least(n, LANES);
  u32 j = 0;
  for (; j + 4 <= count; j += 4) total = total + load4(lanes + j);
  for (; j < count; j++) total = total + (f4){lanes[j], 0, 0, 0};
  return total;
}

/** The largest element of a row, a NaN only if the first element is one (see assembly/softmax.ts). */
static float row_max(const float *x, u32 columns) {
  f4 lanes = {x[0], x[0], x[0], x[0]};
  u32 j = 0;
  for (; j + 4 <= columns; j += 4) {
    const f4 v = load4(x + j);
    for (int i = 0; i < 4; i++) lanes[i] = lanes[i] < v[i] ? v[i] : lanes[i];
  }
  for (; j < columns; j++)
    for (int i = 0; i < 4; i++) lanes[i] = lanes[i] < x[j] ? x[j] : lanes[i];
  return larger(larger(lanes[0], lanes[1]), larger(lanes[2], lanes[3]));
}

/** out[j] = e^(x[j] − shift); gives the sum: four lanes, then the last elements one by one. `out` may be NULL. */
static float exp_row(float *out, const float *x, float shift, u32 columns) {
  const vf s = splat(shift);
  f4 lanes = {0, 0, 0, 0};
  float rest[3] = {0, 0, 0};
  const u32 whole = columns & ~3u;
  for (u32 j = 0; j < columns; j += LANES) {
    const u32 n = columns - j;
    const vf e = exp_lanes(load_some(x + j, n) - s);
    if (out) store_some(out + j, e, n);
    lanes = add_quads(lanes, e, j < whole ? whole - j : 0);
    if (n <= LANES)
      for (u32 i = 0; whole + i < columns; i++) rest[i] = whole >= j ? e[whole + i - j] : 0;
  }
  float total = sum_lanes(lanes);
  for (u32 i = 0; whole + i < columns; i++) total += rest[i];
  return total;
}

KERNEL(softmax) {
  const u32 columns = WHOLE(2);
  for (u32 i = start; i < end; i++) {
    const float *x = FLOATS(1) + (size_t)i * columns;
    float *out = FLOATS(0) + (size_t)i * columns;
    const float total = exp_row(out, x, row_max(x, columns), columns);
    const vf factor = splat(1 / total);
    for (u32 j = 0; j < columns; j += LANES) {
      const u32 n = columns - j;
      store_some(out + j, madd(load_some(out + j, n), factor, zero()), n);
    }
  }
}

KERNEL(logSoftmax) {
  const u32 columns = WHOLE(2);
  for (u32 i = start; i < end; i++) {
    const float *x = FLOATS(1) + (size_t)i * columns;
    float *out = FLOATS(0) + (size_t)i * columns;
    const float largest = row_max(x, columns), logTotal = log_one(exp_row(NULL, x, largest, columns));
    for (u32 j = 0; j < columns; j++) out[j] = x[j] - largest - logTotal;
  }
}

KERNEL(softmaxGrad) {
  const u32 columns = WHOLE(3);
  for (u32 i = start; i < end; i++) {
    const float *g = FLOATS(1) + (size_t)i * columns, *p = FLOATS(2) + (size_t)i * columns;
    float *out = FLOATS(0) + (size_t)i * columns;
    f4 lanes = {0, 0, 0, 0};
    u32 j = 0;
    for (; j + 4 <= columns; j += 4) lanes = load4(g + j) * load4(p + j) + lanes;
    float dot = sum_lanes(lanes);
    for (; j < columns; j++) dot += g[j] * p[j];
    const vf d = splat(dot);
    for (j = 0; j < columns; j += LANES) {
      const u32 n = columns - j;
      store_some(out + j, load_some(p + j, n) * (load_some(g + j, n) - d), n);
    }
  }
}

KERNEL(logSoftmaxGrad) {
  const u32 columns = WHOLE(3);
  for (u32 i = start; i < end; i++) {
    const float *g = FLOATS(1) + (size_t)i * columns, *y = FLOATS(2) + (size_t)i * columns;
    float *out = FLOATS(0) + (size_t)i * columns;
    float total = 0;
    for (u32 j = 0; j < columns; j++) total += g[j];
    const vf t = splat(total);
    for (u32 j = 0; j < columns; j += LANES) {
      const u32 n = columns - j;
      store_some(out + j, load_some(g + j, n) - exp_lanes(load_some(y + j, n)) * t, n);
    }
  }
}

KERNEL(labelWeightScale) {
  if (start >= end) return;
  const u32 *labels = INTEGERS(1), rows = WHOLE(4), classes = WHOLE(5);
  const float *classWeights = FLOATS_OR_NULL(2), *rowWeights = FLOATS_OR_NULL(3);
  double total = 0;
  for (u32 i = 0; i < rows; i++)
    if (labels[i] < classes) total += (double)(classWeights ? classWeights[labels[i]] : 1) * (double)weight_of(rowWeights, i);
  DOUBLES(0)[0] = total == 0 ? 0 : 1 / total;
}

KERNEL(binaryCrossEntropy) {
  float *loss = FLOATS(0), *dx = FLOATS_OR_NULL(1);
  const float *x = FLOATS(2), *targets = FLOATS(3), *positive = FLOATS_OR_NULL(4), *column = FLOATS_OR_NULL(5), *rowWeights = FLOATS_OR_NULL(6);
  const float scale = (float)DOUBLES(7)[0];
  const u32 columns = WHOLE(8);
  const vf remain = splat((float)(1 - a[9])), blur = splat((float)(0.5 * a[9])), one = splat(1);
  for (u32 i = start; i < end; i++) {
    const float weight = weight_of(rowWeights, i);
    const vf factor = splat(scale * weight);
    f4 total = {0, 0, 0, 0};
    for (u32 j = 0; j < columns; j += LANES) {
      const u32 n = columns - j;
      const size_t e = (size_t)i * columns + j;
      const vf z = load_some(x + e, n), t = madd(remain, load_some(targets + e, n), blur);
      const vf p = positive ? madd(load_some(positive + j, n) - one, t, one) : one;
      const vf v = column ? load_some(column + j, n) : one;
      const vf negative = one - t;
      const vf tail = log1p_lanes(exp_lanes(negated(size_of(z))));
      const vf linear = sel(lt(z, zero()), (negative - p) * z, negative * z);
      total = add_quads(total, v * madd(p, tail, linear), n);
      if (dx) store_some(dx + e, factor * (v * (negative - p * sigmoid_lanes(negated(z)))), n);
    }
    loss[i] = weight * sum_lanes(total);
  }
}

/** A loss of one element and its derivative, by the lanes x and t and the parameter p. */
#define REGRESSION(name, parameter, value, derivative) \
  KERNEL(name) { \
    float *loss = FLOATS(0), *dx = FLOATS_OR_NULL(1); \
    const float *xs = FLOATS(2), *ts = FLOATS(3), *rowWeights = FLOATS_OR_NULL(4); \
    const float scale = (float)DOUBLES(5)[0]; \
    const u32 columns = WHOLE(6); \
    const vf p = splat(parameter); \
    (void)p; \
    for (u32 i = start; i < end; i++) { \
      const float weight = weight_of(rowWeights, i); \
      const vf factor = splat(scale * weight); \
      f4 total = {0, 0, 0, 0}; \
      for (u32 j = 0; j < columns; j += LANES) { \
        const u32 n = columns - j; \
        const size_t e = (size_t)i * columns + j; \
        const vf x = load_some(xs + e, n), t = load_some(ts + e, n); \
        total = add_quads(total, value, n); \
        if (dx) store_some(dx + e, factor * (derivative), n); \
      } \
      loss[i] = weight * sum_lanes(total); \
    } \
  }

INLINE vf squared(vf d) { return d * d; }
INLINE vf doubled(vf d) { return d + d; }
INLINE vf huber_lanes(vf d, vf p) {
  const vf size = size_of(d);
  return sel(le(size, p), splat(0.5) * size * size, p * (size - splat(0.5) * p));
}
REGRESSION(squaredError, 0, squared(x - t), doubled(x - t))
REGRESSION(absoluteError, 0, size_of(x - t), keep(splat(1), gt(x, t)) - keep(splat(1), lt(x, t)))
REGRESSION(huber, SINGLE(7), huber_lanes(x - t, p), at_least(at_most(x - t, p), negated(p)))
REGRESSION(poisson, 0, exp_lanes(x) - t * x, exp_lanes(x) - t)

KERNEL(gaussian) {
  float *loss = FLOATS(0), *dx = FLOATS_OR_NULL(1);
  const float *x = FLOATS(2), *targets = FLOATS(3), *rowWeights = FLOATS_OR_NULL(4);
  const float scale = (float)DOUBLES(5)[0];
  const u32 columns = WHOLE(6);
  const vf half = splat(0.5);
  for (u32 i = start; i < end; i++) {
    const float weight = weight_of(rowWeights, i);
    const vf factor = splat(scale * weight);
    f4 total = {0, 0, 0, 0};
    for (u32 j = 0; j < columns; j += LANES) {
      const u32 n = columns - j;
      const size_t atMean = (size_t)2 * i * columns + j;
      const vf s = load_some(x + atMean + columns, n);
      const vf d = load_some(x + atMean, n) - load_some(targets + (size_t)i * columns + j, n);
      const vf precision = exp_lanes(negated(s));
      const vf square = d * d * precision;
      total = add_quads(total, half * (s + square), n);
      if (dx) {
        store_some(dx + atMean, factor * (d * precision), n);
        store_some(dx + atMean + columns, factor * (half * (splat(1) - square)), n);
      }
    }
    loss[i] = weight * sum_lanes(total);
  }
}
