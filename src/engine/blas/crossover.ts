/**
 * FLOPs of a product from which BLAS is faster than packB and gemm in WebAssembly, the call from JavaScript included (0.15 µs). Measured with OpenBLAS 0.3.21,
 * SkylakeX kernels, on two cores: 16 × 16 × 4 takes as long in both, 32 × 64 × 13 a third as long by BLAS. Narrow outputs gain later.
 */
export const blasFlops = 4096;

/** Whether C[m, n] = A[m, k]·B[k, n] is for BLAS. */
export const isForBlas = (m: number, n: number, k: number): boolean => 2 * m * n * k >= blasFlops;

/**
 * Output channels from which a convolution is for BLAS: with fewer, its product fills a part of the library's tile only, while WebAssembly needs no patches
 * for it (28 × 28, 1 to 6 channels: 1.1 ms there, 1.9 by BLAS; 14 × 14, 6 to 16 channels: 0.8 and 0.6).
 */
export const leastBlasChannels = 16;
