// Update rules: families/optimisers.ts. Hyper-parameters are f64, rounded once to f32 lanes.
#pragma once
#include "elementary.h"

typedef struct {
  vf rate, clip, l1, l2, keep;
} Rule;

static Rule rule_of(const double *hyper, const double *clip, double l1, double l2, double decay) {
  const Rule rule = {splat((float)hyper[0]), splat(clip ? (float)*clip : 1), splat((float)l1), splat((float)l2), splat((float)(1 - hyper[0] * decay))};
  return rule;
}

/** clip · g + l2 · w + l1 · sign(w) */
INLINE vf gradient_lanes(vf w, vf g, Rule rule) {
  const vf sign = keep(rule.l1, gt(w, zero())) - keep(rule.l1, lt(w, zero()));
  return madd(rule.clip, g, rule.l2 * w) + sign;
}

/** Zero for a subnormal number. */
INLINE vf flush(vf v) { return drop(v, lt(size_of(v), splat(1.17549435e-38))); }

INLINE vf root_of(vf s, vf epsilon, int outside) { return outside ? (vf)(root(s) + epsilon) : root(s + epsilon); }

#define DOUBLES_OR_NULL(i) (a[i] == 0 ? NULL : DOUBLES(i))

KERNEL(sgd) {
  float *w = FLOATS(0);
  const float *g = FLOATS(1);
  const Rule rule = rule_of(DOUBLES(2), DOUBLES_OR_NULL(3), a[4], a[5], a[6]);
  for (u32 i = start; i < end; i += LANES) {
    const u32 n = end - i;
    const vf v = load_some(w + i, n);
    const vf d = gradient_lanes(v, load_some(g + i, n), rule);
    store_some(w + i, v * rule.keep - rule.rate * d, n);
  }
}

KERNEL(momentum) {
  float *w = FLOATS(0), *m = FLOATS(2);
  const float *g = FLOATS(1);
  const Rule rule = rule_of(DOUBLES(3), DOUBLES_OR_NULL(4), a[5], a[6], a[7]);
  const vf beta = splat(SINGLE(8));
  const int nesterov = WHOLE(9) != 0;
  for (u32 i = start; i < end; i += LANES) {
    const u32 n = end - i;
    const vf v = load_some(w + i, n);
    const vf step = rule.rate * gradient_lanes(v, load_some(g + i, n), rule);
    const vf moment = flush(madd(beta, load_some(m + i, n), step));
    store_some(m + i, moment, n);
    store_some(w + i, v * rule.keep - (nesterov ? (vf)madd(beta, moment, step) : moment), n);
  }
}

KERNEL(adagrad) {
  float *w = FLOATS(0), *s = FLOATS(2);
  const float *g = FLOATS(1);
  const Rule rule = rule_of(DOUBLES(3), DOUBLES_OR_NULL(4), a[5], a[6], a[7]);
  const vf small = splat(SINGLE(8));
  const int outside = WHOLE(9) != 0;
  for (u32 i = start; i < end; i += LANES) {
    const u32 n = end - i;
    const vf v = load_some(w + i, n);
    const vf d = gradient_lanes(v, load_some(g + i, n), rule);
    const vf squares = madd(d, d, load_some(s + i, n));
    store_some(s + i, squares, n);
    store_some(w + i, v * rule.keep - rule.rate * d / root_of(squares, small, outside), n);
  }
}

KERNEL(rmsprop) {
  float *w = FLOATS(0), *s = FLOATS(2);
  const float *g = FLOATS(1);
  const Rule rule = rule_of(DOUBLES(3), DOUBLES_OR_NULL(4), a[5], a[6], a[7]);
  const vf alpha = splat(SINGLE(8)), rest = splat((float)(1 - a[8])), small = splat(SINGLE(9));
  const int outside = WHOLE(10) != 0;
  for (u32 i = start; i < end; i += LANES) {
    const u32 n = end - i;
    const vf v = load_some(w + i, n);
    const vf d = gradient_lanes(v, load_some(g + i, n), rule);
    const vf squares = flush(madd(alpha, load_some(s + i, n), rest * (d * d)));
    store_some(s + i, squares, n);
    store_some(w + i, v * rule.keep - rule.rate * d / root_of(squares, small, outside), n);
  }
}

KERNEL(adam) {
  float *w = FLOATS(0), *m = FLOATS(2), *v = FLOATS(3);
  const float *g = FLOATS(1);
  const double *hyper = DOUBLES(4);
  const Rule rule = rule_of(hyper, DOUBLES_OR_NULL(5), a[6], a[7], a[8]);
  const vf rate = splat((float)(hyper[0] / hyper[1])), correct = splat((float)(1 / hyper[2]));
  const vf one = splat(SINGLE(9)), rest1 = splat((float)(1 - a[9])), two = splat(SINGLE(10)), rest2 = splat((float)(1 - a[10]));
  const vf small = splat(SINGLE(11));
  // As in WebAssembly: where nothing is clipped and nothing decays, but for the last elements of a range.
  u32 i = start;
  if (a[5] == 0 && a[6] == 0 && a[7] == 0 && a[8] == 0 && end > start)
    for (const u32 stop = start + ((end - start) & ~3u); i < stop; i += least(LANES, stop - i)) {
      const u32 n = stop - i;
      const vf d = load_some(g + i, n);
      const vf sum = madd(two, load_some(v + i, n), rest2 * (d * d));
      const vf second = drop(sum, lt(sum, splat(1.17549435e-38)));
      store_some(v + i, second, n);
      const vf first = flush(madd(one, load_some(m + i, n), rest1 * d));
      store_some(m + i, first, n);
      store_some(w + i, load_some(w + i, n) - rate * first / (root(second * correct) + small), n);
    }
  for (; i < end; i += LANES) {
    const u32 n = end - i;
    const vf weight = load_some(w + i, n);
    const vf d = gradient_lanes(weight, load_some(g + i, n), rule);
    const vf first = flush(madd(one, load_some(m + i, n), rest1 * d));
    const vf second = flush(madd(two, load_some(v + i, n), rest2 * (d * d)));
    store_some(m + i, first, n);
    store_some(v + i, second, n);
    store_some(w + i, weight * rule.keep - rate * first / (root(second * correct) + small), n);
  }
}
