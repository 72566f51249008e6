// A vector of as many f32 lanes as the level has, and the operations that the kernels are made of. Every operation is exact or rounded once, lane by lane, as
// in the WebAssembly kernels; a · b + c is rounded twice (the compiler is told not to contract it).
#ifndef LANES_H
#define LANES_H

#include <math.h>
#include <string.h>

#include "run.h"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))
/** Before a loop of few turns: none is left, so that the vectors it counts through stay in registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
/** A function of its own, so that what it keeps alive does not cost its caller registers. */
#define APART static __attribute__((noinline))

/** Four lanes: where the order of a sum is that of four lanes, or as many columns as four are at hand. */
typedef float f4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef double d4 __attribute__((vector_size(32)));

#if defined(__AVX512F__)

#define LANES 16
typedef __m512 vf;
typedef __mmask16 vm;
INLINE vf splat(float x) { return _mm512_set1_ps(x); }
/** x[0] · v. Compilers would broadcast x[0] once for two products; a Zen 4 then multiplies and adds at two thirds of its rate. */
INLINE vf times(const float *x, vf v) {
  vf product;
  __asm__ volatile("vmulps %1%{1to16%}, %2, %0" : "=v"(product) : "m"(*x), "v"(v));
  return product;
}
INLINE vf load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void store(float *p, vf v) { _mm512_storeu_ps(p, v); }
INLINE vf load_first(const float *p, u32 n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
INLINE void store_first(float *p, vf v, u32 n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v); }
INLINE vm lt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
INLINE vm le(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
INLINE vm eq(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
INLINE vf sel(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }
INLINE vf keep(vf v, vm m) { return _mm512_maskz_mov_ps(m, v); }
INLINE vm not(vm m) { return (__mmask16)~m; }
INLINE vm both(vm a, vm b) { return (__mmask16)(a & b); }
INLINE vm either(vm a, vm b) { return (__mmask16)(a | b); }
INLINE vf at_least(vf v, vf floor) { return _mm512_max_ps(floor, v); }
INLINE vf at_most(vf v, vf ceiling) { return _mm512_min_ps(ceiling, v); }
INLINE vf root(vf v) { return _mm512_sqrt_ps(v); }
INLINE vf nearest(vf v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

#elif defined(__AVX2__)

#define LANES 8
typedef __m256 vf;
typedef __m256 vm;
INLINE __m256i first_mask(u32 n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vf splat(float x) { return _mm256_set1_ps(x); }
INLINE vf load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void store(float *p, vf v) { _mm256_storeu_ps(p, v); }
INLINE vf load_first(const float *p, u32 n) { return _mm256_maskload_ps(p, first_mask(n)); }
INLINE void store_first(float *p, vf v, u32 n) { _mm256_maskstore_ps(p, first_mask(n), v); }
INLINE vm lt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
INLINE vm le(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
INLINE vm eq(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
INLINE vf sel(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }
INLINE vf keep(vf v, vm m) { return _mm256_and_ps(m, v); }
INLINE vm not(vm m) { return _mm256_xor_ps(m, _mm256_castsi256_ps(_mm256_set1_epi32(-1))); }
INLINE vm both(vm a, vm b) { return _mm256_and_ps(a, b); }
INLINE vm either(vm a, vm b) { return _mm256_or_ps(a, b); }
INLINE vf at_least(vf v, vf floor) { return _mm256_max_ps(floor, v); }
INLINE vf at_most(vf v, vf ceiling) { return _mm256_min_ps(ceiling, v); }
INLINE vf root(vf v) { return _mm256_sqrt_ps(v); }
INLINE vf nearest(vf v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

#elif defined(__ARM_NEON)

#define LANES 4
typedef float32x4_t vf;
typedef uint32x4_t vm;
INLINE vf splat(float x) { return vdupq_n_f32(x); }
INLINE vf load(const float *p) { return vld1q_f32(p); }
INLINE void store(float *p, vf v) { vst1q_f32(p, v); }
INLINE vf load_first(const float *p, u32 n) {
  float whole[4] = {0, 0, 0, 0};
  for (u32 i = 0; i < n; i++) whole[i] = p[i];
  return vld1q_f32(whole);
}
INLINE void store_first(float *p, vf v, u32 n) {
  float whole[4];
  vst1q_f32(whole, v);
  for (u32 i = 0; i < n; i++) p[i] = whole[i];
}
INLINE vm lt(vf a, vf b) { return vcltq_f32(a, b); }
INLINE vm le(vf a, vf b) { return vcleq_f32(a, b); }
INLINE vm eq(vf a, vf b) { return vceqq_f32(a, b); }
INLINE vf sel(vm m, vf a, vf b) { return vbslq_f32(m, a, b); }
INLINE vf keep(vf v, vm m) { return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), m)); }
INLINE vm not(vm m) { return vmvnq_u32(m); }
INLINE vm both(vm a, vm b) { return vandq_u32(a, b); }
INLINE vm either(vm a, vm b) { return vorrq_u32(a, b); }
/** As lt, but unknown to the compiler: clang makes FMAX of lt and sel, which takes 0 for the larger of −0 and 0. */
INLINE vm opaque_lt(vf a, vf b) {
  vm less;
  __asm__("fcmgt %0.4s, %2.4s, %1.4s" : "=w"(less) : "w"(a), "w"(b));
  return less;
}
INLINE vf at_least(vf v, vf floor) { return sel(opaque_lt(v, floor), floor, v); }
INLINE vf at_most(vf v, vf ceiling) { return sel(opaque_lt(ceiling, v), ceiling, v); }
INLINE vf root(vf v) { return vsqrtq_f32(v); }
INLINE vf nearest(vf v) { return vrndnq_f32(v); }

#else
#error "no level for this processor"
#endif

/** The lanes' bits as integers, and as many f64 as there are lanes. */
typedef i32 vi __attribute__((vector_size(4 * LANES)));
typedef double vd __attribute__((vector_size(8 * LANES)));

INLINE vi bits(vf v) { return (vi)v; }
INLINE vf floats(vi v) { return (vf)v; }
#if LANES != 16
INLINE vf times(const float *x, vf v) { return splat(*x) * v; }
#endif
INLINE vf drop(vf v, vm m) { return keep(v, not(m)); }
INLINE vm gt(vf a, vf b) { return lt(b, a); }
INLINE vm ge(vf a, vf b) { return le(b, a); }
INLINE vf zero(void) { return splat(0); }
INLINE vf size_of(vf v) { return floats(bits(v) & 0x7fffffff); }
INLINE vf negated(vf v) { return floats(bits(v) ^ (i32)0x80000000); }
/** a · b + c, rounded twice. */
INLINE vf madd(vf a, vf b, vf c) { return a * b + c; }
INLINE vf load_some(const float *p, u32 n) { return n >= LANES ? load(p) : load_first(p, n); }
INLINE void store_some(float *p, vf v, u32 n) {
  if (n >= LANES) store(p, v);
  else store_first(p, v, n);
}

INLINE u32 least(u32 a, u32 b) { return a < b ? a : b; }
INLINE u32 most(u32 a, u32 b) { return a > b ? a : b; }
INLINE f4 load4(const float *p) { return *(const f4 *)p; }
INLINE void store4(float *p, f4 v) { *(f4 *)p = v; }
/** Sum of four lanes in the order of the WebAssembly kernels. */
INLINE float sum_lanes(f4 v) { return v[0] + v[1] + (v[2] + v[3]); }

#define KERNEL(name) static void name(char *memory, const double *a, u32 start, u32 end)

/** Argument i as a whole number, an f32, and a tensor's place. */
#define WHOLE(i) ((u32)(int64_t)a[i])
#define SINGLE(i) ((float)a[i])
#define FLOATS(i) ((float *)(memory + WHOLE(i)))
#define INTEGERS(i) ((u32 *)(memory + WHOLE(i)))
#define DOUBLES(i) ((double *)(memory + WHOLE(i)))
/** The same for an argument that may be absent. */
#define FLOATS_OR_NULL(i) (a[i] == 0 ? NULL : FLOATS(i))

#endif
