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
typedef float vf __attribute__((vector_size(4 * LANES), aligned(4)));

#ifdef FUSED
float fused(const float *a, const float *b, long depth, long rounds) {
#else
float apart(const float *a, const float *b, long depth, long rounds) {
#endif
  vf sums[ROWS][2] = {0};
  for (long round = 0; round < rounds; round++)
    for (long l = 0; l < depth; l++) {
      const vf b0 = *(const vf *)(b + 2 * LANES * l), b1 = *(const vf *)(b + 2 * LANES * l + LANES);
#pragma GCC unroll 16
      for (int r = 0; r < ROWS; r++) {
        const vf x = a[ROWS * l + r] - (vf){0};
        sums[r][0] = sums[r][0] + x * b0;
        sums[r][1] = sums[r][1] + x * b1;
      }
    }
  float total = 0;
  for (int r = 0; r < ROWS; r++) total += sums[r][0][0] + sums[r][1][LANES - 1];
  return total;
}

#ifndef FUSED
long flops_of_step(void) { return 2 * ROWS * 2 * LANES; }

float read_all(const float *x, long count) {
  vf sums[8] = {0};
  for (long i = 0; i + 8 * LANES <= count; i += 8 * LANES)
#pragma GCC unroll 8
    for (int v = 0; v < 8; v++) sums[v] = sums[v] + *(const vf *)(x + i + v * LANES);
  float total = 0;
  for (int v = 0; v < 8; v++) total += sums[v][0];
  return total;
}
#endif
