// Batch normalisation and its gradients: families/normalisation.ts.
#pragma once
#include "reductions.h"

MAP1(inverseDeviation, SINGLE(2), splat(1) / root(x + p))

INLINE vd root_double(vd v) {
#if LANES == 16
  typedef double half __attribute__((vector_size(64)));
  union { vd whole; half parts[2]; } u = {v};
  for (int i = 0; i < 2; i++) u.parts[i] = (half)_mm512_sqrt_pd((__m512d)u.parts[i]);
  return u.whole;
#else
  for (int i = 0; i < LANES; i++) v[i] = __builtin_sqrt(v[i]);
  return v;
#endif
}

/** Mean, variance and inverse deviation of `groups` vectors of columns. */
INLINE void statistics_of(float *mean, float *variance, float *inverse, const float *x, u32 rows, u32 columns, double epsilon, const u32 groups, u32 n) {
  vd totals[2];
  vf centres[2] = {zero(), zero()};
  const vd count = splat_double((double)rows);
  for (int pass = 0; pass < 2; pass++) {
    const float *p = x;
    UNROLL for (u32 v = 0; v < groups; v++) totals[v] = splat_double(0);
    for (u32 i = 0; i < rows; i += ROWS_IN_SINGLE) {
      const u32 last = least(rows, i + ROWS_IN_SINGLE);
      vf parts[2] = {zero(), zero()};
      for (u32 r = i; r < last; r++, p += columns)
        UNROLL for (u32 v = 0; v < groups; v++) {
          const vf value = groups > 1 ? load(p + v * LANES) : load_some(p, n);
          const vf d = value - centres[v];
          parts[v] = pass == 0 ? (vf)(parts[v] + value) : madd(d, d, parts[v]);
        }
      UNROLL for (u32 v = 0; v < groups; v++) totals[v] = totals[v] + widen(parts[v]);
    }
    if (pass == 0)
      UNROLL for (u32 v = 0; v < groups; v++) centres[v] = narrow(totals[v] / count);
  }
  UNROLL for (u32 v = 0; v < groups; v++) {
    const u32 left = groups > 1 ? LANES : n;
    const vd spread = totals[v] / count;
    store_some(mean + v * LANES, centres[v], left);
    store_some(variance + v * LANES, narrow(spread), left);
    store_some(inverse + v * LANES, narrow(splat_double(1) / root_double(spread + splat_double(epsilon))), left);
  }
}

KERNEL(batchNormStatistics) {
  const float *x = FLOATS(3);
  const u32 rows = WHOLE(4), columns = WHOLE(5);
  u32 j = start;
  for (; j + 2 * LANES <= end; j += 2 * LANES)
    statistics_of(FLOATS(0) + j, FLOATS(1) + j, FLOATS(2) + j, x + j, rows, columns, a[6], 2, LANES);
  for (; j < end; j += LANES) statistics_of(FLOATS(0) + j, FLOATS(1) + j, FLOATS(2) + j, x + j, rows, columns, a[6], 1, end - j);
}

KERNEL(batchNorm) {
  const u32 columns = WHOLE(6), activation = WHOLE(7);
  const vf slope = splat(SINGLE(8));
  for (u32 i = start; i < end; i += 8) {
    const u32 last = least(end, i + 8);
    for (u32 j = 0; j < columns; j += LANES) {
      const u32 n = columns - j;
      const vf centre = load_some(FLOATS(2) + j, n), spread = load_some(FLOATS(3) + j, n);
      const vf factor = load_some(FLOATS(4) + j, n), level = load_some(FLOATS(5) + j, n);
      float *out = FLOATS(0) + j;
      const float *x = FLOATS(1) + j;
      for (u32 r = i; r < last; r++) {
        const size_t e = (size_t)r * columns;
        vf y = madd(factor, (load_some(x + e, n) - centre) * spread, level);
        if (activation == 1) y = relu_lanes(y);
        else if (activation > 1) y = activate(y, activation, slope);
        store_some(out + e, y, n);
      }
    }
  }
}

KERNEL(runningAverage) {
  float *running = FLOATS(0);
  const float *batch = FLOATS(1);
  const vf remain = splat((float)(1 - a[2])), take = splat((float)(a[2] * a[3]));
  for (u32 j = start; j < end; j += LANES) {
    const u32 n = end - j;
    store_some(running + j, madd(remain, load_some(running + j, n), take * load_some(batch + j, n)), n);
  }
}

/** dy, and where a ReLU with output y followed, 0 wherever y is not above 0. */
INLINE vf incoming(const float *dy, const float *y, u32 n) {
  const vf g = load_some(dy, n);
  return y ? keep(g, gt(load_some(y, n), zero())) : g;
}

KERNEL(batchNormParameterGrad) {
  const float *dy = FLOATS(2), *y = FLOATS_OR_NULL(3), *x = FLOATS(4);
  const u32 rows = WHOLE(7), columns = WHOLE(8);
  for (u32 j = start; j < end; j += LANES) {
    const u32 n = least(LANES, end - j);
    const vf centre = load_some(FLOATS(5) + j, n);
    vd total = splat_double(0), totalZ = total;
    size_t e = j;
    for (u32 i = 0; i < rows; i += ROWS_IN_SINGLE) {
      const u32 last = least(rows, i + ROWS_IN_SINGLE);
      vf part = zero(), partZ = zero();
      for (u32 r = i; r < last; r++, e += columns) {
        const vf g = incoming(dy + e, y ? y + e : NULL, n);
        part = part + g;
        partZ = madd(g, load_some(x + e, n) - centre, partZ);
      }
      total = total + widen(part);
      totalZ = totalZ + widen(partZ);
    }
    store_some(FLOATS(0) + j, narrow(totalZ) * load_some(FLOATS(6) + j, n), n);
    store_some(FLOATS(1) + j, narrow(total), n);
  }
}

KERNEL(batchNormInputGrad) {
  const float *y = FLOATS_OR_NULL(2);
  const u32 rows = WHOLE(9), columns = WHOLE(10);
  const vf share = splat((float)(1 / (double)rows));
  for (u32 i = start; i < end; i += 8) {
    const u32 last = least(end, i + 8);
    for (u32 j = 0; j < columns; j += LANES) {
      const u32 n = columns - j;
      const vf centre = load_some(FLOATS(4) + j, n), spread = load_some(FLOATS(5) + j, n);
      const vf factor = load_some(FLOATS(6) + j, n) * spread;
      const vf slope = share * load_some(FLOATS(7) + j, n) * spread;
      const vf level = share * load_some(FLOATS(8) + j, n);
      for (u32 r = i; r < last; r++) {
        const size_t e = (size_t)r * columns + j;
        const vf common = madd(load_some(FLOATS(3) + e, n) - centre, slope, level);
        store_some(FLOATS(0) + e, factor * (incoming(FLOATS(1) + e, y ? y + e : NULL, n) - common), n);
      }
    }
  }
}

KERNEL(batchNormFrozenInputGrad) {
  const u32 columns = WHOLE(4);
  for (u32 i = start; i < end; i++)
    for (u32 j = 0; j < columns; j += LANES) {
      const u32 n = columns - j;
      const size_t e = (size_t)i * columns + j;
      store_some(FLOATS(0) + e, load_some(FLOATS(3) + j, n) * load_some(FLOATS(2) + j, n) * load_some(FLOATS(1) + e, n), n);
    }
}
