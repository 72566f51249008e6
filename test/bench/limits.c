// What this core can do: multiplications and additions with all sums in registers, apart as the exact kernels have them and fused (FUSED), and reading memory.
#include <stddef.h>

#if defined(__AVX512F__)
#define LANES 16
#define ROWS 12
#elif defined(__AVX2__)
#define LANES 8
#define ROWS 5
#else
#define LANES 4
#define ROWS 12
#endif
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
typedef float vf __attribute__((vector_size(4 * LANES), aligned(4)));

/** x[0] · v; see `times` in src/engine/kernels/native/source/lanes.h. */
static inline vf times(const float *x, vf v) {
#if defined(__AVX512F__) && !defined(FUSED)
  vf product;
  __asm__ volatile("vmulps %1%{1to16%}, %2, %0" : "=v"(product) : "m"(*x), "v"(v));
  return product;
#else
  return (*x - (vf){0}) * v;
#endif
}

#ifdef FUSED
float fused(const float *a, const float *b, long depth, long rounds) {
#else
float apart(const float *a, const float *b, long depth, long rounds) {
#endif
  vf sums[ROWS][2] = {0};
  for (long round = 0; round < rounds; round++)
    for (long l = 0; l < depth; l++) {
      const vf b0 = *(const vf *)(b + 2 * LANES * l), b1 = *(const vf *)(b + 2 * LANES * l + LANES);
      UNROLL for (int r = 0; r < ROWS; r++) {
        sums[r][0] = sums[r][0] + times(a + ROWS * l + r, b0);
        sums[r][1] = sums[r][1] + times(a + ROWS * l + r, b1);
      }
    }
  float total = 0;
  // Unrolled, so that no sum needs an address and all stay in registers.
  UNROLL for (int r = 0; r < ROWS; r++) total += sums[r][0][0] + sums[r][1][LANES - 1];
  return total;
}

#ifndef FUSED
long flops_of_step(void) { return 2 * ROWS * 2 * LANES; }

float read_all(const float *x, long count) {
  vf sums[8] = {0};
  for (long i = 0; i + 8 * LANES <= count; i += 8 * LANES)
    UNROLL for (int v = 0; v < 8; v++) sums[v] = sums[v] + *(const vf *)(x + i + v * LANES);
  float total = 0;
  for (int v = 0; v < 8; v++) total += sums[v][0];
  return total;
}
#endif
