// f64 lanes, and math64.ts once more on them, operation by operation.
#pragma once

#include "gemm.h"

/** f64 lanes of a vector. */
#define SIDE (LANES / 2)

typedef int64_t i64;
typedef double vw __attribute__((vector_size(8 * SIDE)));
typedef i64 vl __attribute__((vector_size(8 * SIDE)));
typedef double vw_anywhere __attribute__((vector_size(8 * SIDE), aligned(8), may_alias));
typedef double d4_anywhere __attribute__((vector_size(32), aligned(8), may_alias));

/** Not 0 + x, which is 0 for −0. */
INLINE vw splat_wide(double x) { return x - (vw){}; }
INLINE vw wide(const double *p) { return *(const vw_anywhere *)p; }
INLINE void store_wide(double *p, vw v) { *(vw_anywhere *)p = v; }
INLINE void store_d4(double *p, d4 v) { *(d4_anywhere *)p = v; }
INLINE vw pick(vl m, vw a, vw b) { return (vw)((m & (vl)a) | (~m & (vl)b)); }
INLINE vl whole(i64 n) { return (vl){} + n; }
/** 2ⁿ for −1022 ≤ n ≤ 1023. */
INLINE vw two_to(vl n) { return (vw)((n + 1023) << 52); }

#define LN2_HIGH 0.6931471803691238
#define LN2_LOW 1.9082149292705877e-10

/** exp64 */
INLINE vw exp_wide(vw x) {
  const vw over = splat_wide(709.782712893384), under = splat_wide(-745.1332191019411);
  const vw z = pick(x > over, over, pick(x < under, under, x));
  // The nearest whole number, from the lowest bits of 1.5 · 2⁵² + n; then the one below, if that was above.
  const vw shift = splat_wide(6755399441055744.0);
  const vw turns = z * splat_wide(1.4426950408889634) + splat_wide(0.5);
  const vw near = (turns + shift) - shift;
  const vw n = near - (vw)((near > turns) & (vl)splat_wide(1));
  const vl k = (vl)(n + shift) - (vl)shift;
  const vw high = z - n * splat_wide(LN2_HIGH);
  const vw low = n * splat_wide(LN2_LOW);
  const vw r = high - low;
  const vw t = r * r;
  vw p = splat_wide(-1.6533902205465252e-6) + t * splat_wide(4.1381367970572385e-8);
  p = splat_wide(6.613756321437934e-5) + t * p;
  p = splat_wide(-0.0027777777777015593) + t * p;
  p = splat_wide(0.16666666666666602) + t * p;
  const vw c = r - t * p;
  const vw y = splat_wide(1) - (low - (r * c) / (splat_wide(2) - c) - high);
  // Two powers, of which one is 1 unless the result is very large or subnormal.
  const vl large = k > whole(1023), small = k < whole(-1021);
  const vl first = (large & 1) | (small & (k + 1000)) | (~(large | small) & k);
  const vl second = (large & (k - 1)) | (small & -1000);
  const vw finite = y * two_to(first) * two_to(second);
  const vw bounded = pick(x > over, splat_wide(INFINITY), pick(x < under, splat_wide(0), finite));
  return pick(x == x, bounded, x);
}

INLINE double log_of(double u) {
  u64 word;
  memcpy(&word, &u, sizeof word);
  i32 k = (i32)(word >> 52) - 1023;
  word = (word & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
  double mantissa;
  memcpy(&mantissa, &word, sizeof mantissa);
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    k += 1;
  }
  const double f = mantissa - 1, s = f / (2 + f), z = s * s, w = z * z;
  const double even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const double odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const double half_square = 0.5 * f * f;
  return k * LN2_HIGH - (half_square - (s * (half_square + (even + odd)) + k * LN2_LOW) - f);
}

/** log64 */
INLINE double log_double(double x) {
  if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
  if (x == INFINITY) return x;
  if (x < 2.2250738585072014e-308) return log_of(x * 18014398509481984.0) - 54 * LN2_LOW - 54 * LN2_HIGH;
  return log_of(x);
}
