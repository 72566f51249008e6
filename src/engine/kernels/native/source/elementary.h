// Elementary functions on the lanes, in + − × ÷ √ alone: assembly/math.ts once more, operation by operation.
#pragma once

#include "lanes.h"

/** A whole number below 2²² in size as an integer: the lowest bits of 1.5 · 2²³ + n. */
INLINE vi to_integer(vf n) { return bits(n + splat(12582912)) - 0x4b400000; }

/** y · 2ⁿ for a whole n, rounded once. */
INLINE vf scaled(vf y, vf n) {
#if LANES == 16
  return _mm512_scalef_ps(y, n);
#else
  // Two powers, since one alone may be too large or too small for a float; the first product is exact.
  const vi k = to_integer(n), half = k >> 1;
  return y * floats((half + 127) << 23) * floats((k - half + 127) << 23);
#endif
}

INLINE vf exp_lanes(vf x) {
  const vf z = at_least(at_most(x, splat(89)), splat(-87.3365447505531));
  const vf n = nearest(z * splat(1.44269504088896341));
  const vf r = z - n * splat(0.693359375) - n * splat(-2.12194440e-4);
  vf p = madd(splat(1.9875691500e-4), r, splat(1.3981999507e-3));
  p = madd(p, r, splat(8.3334519073e-3));
  p = madd(p, r, splat(4.1665795894e-2));
  p = madd(p, r, splat(1.6666665459e-1));
  p = madd(p, r, splat(5.0000001201e-1));
  const vf y = p * (r * r) + r + splat(1);
  return drop(scaled(y, n), lt(x, splat(-87.3365447505531)));
}

INLINE vf log_lanes(vf x) {
  const vm subnormal = lt(x, splat(1.17549435e-38));
  const vf z = sel(subnormal, x * splat(8388608), x);
  const vi k = (bits(z) - 0x3f3504f3) >> 23;
  const vf f = floats(bits(z) - (k << 23)) - splat(1);
  const vf e = __builtin_convertvector(k, vf) - keep(splat(23), subnormal);
  const vf square = f * f;
  vf p = madd(splat(7.0376836292e-2), f, splat(-1.1514610310e-1));
  p = madd(p, f, splat(1.1676998740e-1));
  p = madd(p, f, splat(-1.2420140846e-1));
  p = madd(p, f, splat(1.4249322787e-1));
  p = madd(p, f, splat(-1.6668057665e-1));
  p = madd(p, f, splat(2.0000714765e-1));
  p = madd(p, f, splat(-2.4999993993e-1));
  p = madd(p, f, splat(3.3333331174e-1));
  vf y = p * f * square;
  y = madd(e, splat(-2.12194440e-4), y);
  y = y - square * splat(0.5);
  const vf value = f + y + e * splat(0.693359375);
  const vf finite = sel(eq(x, splat(INFINITY)), x, value);
  const vf at_zero = sel(eq(x, zero()), splat(-INFINITY), finite);
  return sel(ge(x, zero()), at_zero, splat(NAN));
}

/** ln(1 + e) for 0 ≤ e ≤ 1. */
INLINE vf log1p_lanes(vf e) {
  const vf u = splat(1) + e;
  return log_lanes(u) + (e - (u - splat(1))) / u;
}

INLINE vf tanh_lanes(vf x) {
  const vf size = size_of(x);
  const vf z = x * x;
  vf p = madd(splat(-5.70498872745e-3), z, splat(2.06390887954e-2));
  p = madd(p, z, splat(-5.37397155531e-2));
  p = madd(p, z, splat(1.33314422036e-1));
  p = madd(p, z, splat(-3.33332819422e-1));
  const vf small = madd(p * z, x, x);
  const vf large = splat(1) - splat(2) / (exp_lanes(size + size) + splat(1));
  const vf with_sign = floats(bits(large) | (bits(x) & (i32)0x80000000));
  return sel(lt(size, splat(0.625)), small, sel(eq(x, x), with_sign, x));
}

INLINE vf sigmoid_lanes(vf x) {
  const vf e = exp_lanes(negated(size_of(x)));
  return sel(lt(x, zero()), e, splat(1)) / (splat(1) + e);
}

/** σ(x) · (1 + x · σ(−x)); both have the same exponential. */
INLINE vf silu_slope_lanes(vf x) {
  const vf e = exp_lanes(negated(size_of(x))), whole = splat(1) + e;
  const vf at = sel(lt(x, zero()), e, splat(1)) / whole, opposite = sel(gt(x, zero()), e, splat(1)) / whole;
  return at * madd(x, opposite, splat(1));
}

INLINE vf softplus_lanes(vf x) { return at_least(x, zero()) + log1p_lanes(exp_lanes(negated(size_of(x)))); }

INLINE vf erf_small(vf t) {
  const vf s = t * t;
  vf p = madd(splat(-5.96761703e-4), s, splat(4.99119423e-3));
  p = madd(p, s, splat(-2.67681349e-2));
  p = madd(p, s, splat(1.12819925e-1));
  p = madd(p, s, splat(-3.76125336e-1));
  p = madd(p, s, splat(1.28379166e-1));
  return madd(p, t, t);
}

INLINE vf erfc_large(vf t) {
  const vf s = t * t;
  const vf u = madd(splat(-3.88396438e-3), t, splat(2.42546219e-2));
  vf r = madd(madd(splat(-1.72853470e-5), t, splat(3.83197126e-4)), s, u);
  r = madd(r, t, splat(-1.06777877e-1));
  r = madd(r, t, splat(-6.34846687e-1));
  r = madd(r, t, splat(-1.28717512e-1));
  return exp_lanes(r * t - t);
}

INLINE vf normal_cdf_lanes(vf x) {
  const vf t = x * splat(0.70710678118654752);
  const vf size = size_of(t);
  const vf half = splat(0.5);
  const vf centre = madd(half, erf_small(t), half);
  const vf tail = half * erfc_large(size);
  const vf outer = sel(lt(x, zero()), tail, splat(1) - tail);
  return sel(le(size, splat(0.927734375)), centre, outer);
}

INLINE vf normal_density_lanes(vf x) {
  return splat(0.39894228040143268) * exp_lanes(splat(-0.5) * (x * x));
}

INLINE vf sin_kernel(vf v) {
  const vf z = v * v;
  vf p = madd(splat(-1.9515295891e-4), z, splat(8.3321608736e-3));
  p = madd(p, z, splat(-1.6666654611e-1));
  return madd(p * z, v, v);
}

INLINE vf cos_kernel(vf v) {
  const vf z = v * v;
  vf p = madd(splat(2.443315711809948e-5), z, splat(-1.388731625493765e-3));
  p = madd(p, z, splat(4.166664568298827e-2));
  return p * (z * z) - z * splat(0.5) + splat(1);
}

/** sin 2π(u + quarters / 4) for |u| < 2²⁰. */
INLINE vf sin_turns(vf u, i32 quarters) {
  const vf q = nearest(u * splat(4));
  const vf angle = (u - q * splat(0.25)) * splat(6.28318530717958648);
  const vi k = to_integer(q) + quarters;
  const vi odd = -(k & 1);
  const vi sign = (k & 2) << 30;
  return floats(((odd & bits(cos_kernel(angle))) | (~odd & bits(sin_kernel(angle)))) ^ sign);
}

INLINE vf relu_lanes(vf x) { return at_least(x, zero()); }
INLINE vf leaky_relu_lanes(vf x, vf slope) { return sel(gt(x, zero()), x, slope * x); }

/** One activation by its code in families/activations.ts. */
INLINE vf activate(vf x, u32 code, vf slope) {
  switch (code) {
    case 1: return relu_lanes(x);
    case 2: return leaky_relu_lanes(x, slope);
    case 3: return sigmoid_lanes(x);
    case 4: return tanh_lanes(x);
    case 5: return x * normal_cdf_lanes(x);
    case 6: return x * sigmoid_lanes(x);
    case 7: return softplus_lanes(x);
    default: return x;
  }
}

/** e^x and ln x of one element. */
INLINE float exp_one(float x) { return exp_lanes(splat(x))[0]; }
INLINE float log_one(float x) { return log_lanes(splat(x))[0]; }

