/**
 * FLOPs of a product from which BLAS is faster than packB and gemm in WebAssembly, the call from JavaScript included (0.15 µs). Measured with OpenBLAS 0.3.21,
 * SkylakeX kernels, on two cores: 16 × 16 × 4 takes as long in both, 32 × 64 × 13 a third as long by BLAS. Narrow outputs gain later.
 */
export const blasFlops = 4096;

/** Whether C[m, n] = A[m, k]·B[k, n] is for BLAS. */
export const isForBlas = (m: number, n: number, k: number): boolean => 2 * m * n * k >= blasFlops;
