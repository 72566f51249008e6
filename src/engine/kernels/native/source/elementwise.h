// Element by element, broadcasts and strided copies: families/elementwise.ts and the activations of families/activations.ts.
#pragma once
#include "elementary.h"

/** Defines a kernel out[i] = f(x[i], p) and one out[i] = f(x[i], y[i], p); p is made from argument `at`. */
#define MAP1(name, parameter, expression) \
  KERNEL(name) { \
    float *out = FLOATS(0); \
    const float *from = FLOATS(1); \
    const vf p = splat(parameter); \
    (void)p; \
    for (u32 i = start; i < end; i += LANES) { \
      const u32 n = end - i; \
      const vf x = load_some(from + i, n); \
      store_some(out + i, expression, n); \
    } \
  }
#define MAP2(name, parameter, expression) \
  KERNEL(name) { \
    float *out = FLOATS(0); \
    const float *left = FLOATS(1); \
    const float *right = FLOATS(2); \
    const vf p = splat(parameter); \
    (void)p; \
    for (u32 i = start; i < end; i += LANES) { \
      const u32 n = end - i; \
      const vf x = load_some(left + i, n); \
      const vf y = load_some(right + i, n); \
      store_some(out + i, expression, n); \
    } \
  }

INLINE vf sign_lanes(vf x) { return keep(splat(1), gt(x, zero())) - keep(splat(1), lt(x, zero())); }
INLINE vf pow_lanes(vf x, vf p) { return sel(eq(p, zero()), splat(1), exp_lanes(p * log_lanes(x))); }

MAP2(add, 0, x + y)
MAP2(sub, 0, x - y)
MAP2(mul, 0, x * y)
MAP2(divide, 0, x / y)
MAP1(scale, SINGLE(2), x * p)
MAP1(addConstant, SINGLE(2), x + p)
MAP1(clamp, SINGLE(2), at_most(at_least(x, negated(p)), p))
MAP1(clip, SINGLE(2), at_most(at_least(x, p), splat(SINGLE(3))))
MAP2(clipGrad, SINGLE(3), keep(x, both(gt(y, p), lt(y, splat(SINGLE(4))))))
MAP1(neg, 0, negated(x))
MAP1(absolute, 0, size_of(x))
MAP1(sign, 0, sign_lanes(x))
MAP1(square, 0, x * x)
MAP1(squareRoot, 0, root(x))
MAP1(reciprocal, 0, splat(1) / x)
MAP1(exponential, 0, exp_lanes(x))
MAP1(logarithm, 0, log_lanes(x))
MAP1(power, SINGLE(2), pow_lanes(x, p))

MAP1(sigmoid, 0, sigmoid_lanes(x))
MAP2(sigmoidGrad, 0, x * (y * (splat(1) - y)))
MAP1(hyperbolicTangent, 0, tanh_lanes(x))
MAP2(tanhGrad, 0, x * (splat(1) - y * y))
MAP1(relu, 0, relu_lanes(x))
MAP2(reluGrad, 0, keep(x, gt(y, zero())))
MAP1(leakyRelu, SINGLE(2), leaky_relu_lanes(x, p))
MAP2(leakyReluGrad, SINGLE(3), sel(gt(y, zero()), x, p * x))
MAP1(gelu, 0, x * normal_cdf_lanes(x))
MAP2(geluGrad, 0, x * madd(y, normal_density_lanes(y), normal_cdf_lanes(y)))
MAP1(silu, 0, x * sigmoid_lanes(x))
MAP2(siluGrad, 0, x * silu_slope_lanes(y))
MAP1(softplus, 0, softplus_lanes(x))
MAP2(softplusGrad, 0, x * sigmoid_lanes(y))
MAP1(cosTurns, 0, sin_turns(x, 1))
MAP2(cosTurnsGrad, 0, x * (sin_turns(y, 0) * splat(-6.28318530717958648)))

KERNEL(fill) {
  float *out = FLOATS(0);
  const vf p = splat(SINGLE(1));
  for (u32 i = start; i < end; i += LANES) store_some(out + i, p, end - i);
}

KERNEL(copy) { memmove(FLOATS(0) + start, FLOATS(1) + start, (size_t)(end - start) * 4); }

KERNEL(axpy) {
  float *out = FLOATS(0);
  const float *from = FLOATS(1);
  const vf p = splat(SINGLE(2));
  for (u32 i = start; i < end; i += LANES) {
    const u32 n = end - i;
    store_some(out + i, madd(p, load_some(from + i, n), load_some(out + i, n)), n);
  }
}

/** A row of lanes of an operand whose elements are `step` apart. */
INLINE vf load_strided(const float *p, u32 step, u32 n) {
  if (step == 1) return load_some(p, n);
  if (step == 0) return splat(*p);
  float lanes[LANES] = {0};
  for (u32 i = 0; i < least(n, LANES); i++) lanes[i] = p[(size_t)i * step];
  return load(lanes);
}

/** Operands may be `out`, element by element: a row is read before it is written. */
#define BROADCAST(name, expression) \
  KERNEL(name) { \
    const u32 columns = WHOLE(3), outRow = WHOLE(4), aRow = WHOLE(5), aColumn = WHOLE(6), bRow = WHOLE(7), bColumn = WHOLE(8); \
    for (u32 i = start; i < end; i++) { \
      float *out = FLOATS(0) + (size_t)i * outRow; \
      const float *left = FLOATS(1) + (size_t)i * aRow; \
      const float *right = FLOATS(2) + (size_t)i * bRow; \
      for (u32 j = 0; j < columns; j += LANES) { \
        const u32 n = columns - j; \
        const vf x = load_strided(left + (size_t)j * aColumn, aColumn, n); \
        const vf y = load_strided(right + (size_t)j * bColumn, bColumn, n); \
        store_some(out + j, expression, n); \
      } \
    } \
  }
BROADCAST(addBroadcast, x + y)
BROADCAST(subBroadcast, x - y)
BROADCAST(mulBroadcast, x * y)
BROADCAST(divBroadcast, x / y)

KERNEL(copyStrided) {
  const u32 columns = WHOLE(2), outRow = WHOLE(3), outColumn = WHOLE(4), xRow = WHOLE(5), xColumn = WHOLE(6);
  for (u32 i = start; i < end; i++) {
    u32 *to = INTEGERS(0) + (size_t)i * outRow;
    const u32 *from = INTEGERS(1) + (size_t)i * xRow;
    if (outColumn == 1 && xColumn == 1) memmove(to, from, (size_t)columns * 4);
    else for (u32 j = 0; j < columns; j++) to[(size_t)j * outColumn] = from[(size_t)j * xColumn];
  }
}

/** Rows of any four-byte element: f32 and i32 alike. */
KERNEL(gatherRows) {
  u32 *out = INTEGERS(0);
  const u32 *data = INTEGERS(1);
  const u32 first = a[3] == 0 ? 0 : *INTEGERS(3);
  const u32 *indices = INTEGERS(2) + first;
  const u32 columns = WHOLE(4);
  for (u32 i = start; i < end; i++) {
    if (columns == 1) out[i] = data[indices[i]];
    else memcpy(out + (size_t)i * columns, data + (size_t)indices[i] * columns, (size_t)columns * 4);
  }
}
