/**
 * The Cholesky factor L of a symmetric positive definite matrix, A = L Lᵀ (row by row, inner products in order), with 1/L[i, i] on the diagonal of
 * `factor`: what solving and the determinant need. Both are [size, size] from their offsets on; the upper triangle of `factor` is not written.
 *
 * Returns false, `factor` being unfinished, when a pivot is not positive: A is not positive definite in f64.
 */
export const factorCholesky = (
  matrix: Float64Array,
  matrixAt: number,
  factor: Float64Array,
  factorAt: number,
  size: number,
): boolean => {
  for (let i = 0; i < size; i++) {
    const rowI = factorAt + i * size;
    for (let j = 0; j <= i; j++) {
      const rowJ = factorAt + j * size;
      let sum = matrix[matrixAt + i * size + j]!;
      for (let l = 0; l < j; l++) sum -= factor[rowI + l]! * factor[rowJ + l]!;
      if (j < i) {
        factor[rowI + j] = sum * factor[rowJ + j]!;
      } else {
        if (!(sum > 0) || sum === Number.POSITIVE_INFINITY) return false;
        factor[rowI + i] = 1 / Math.sqrt(sum);
      }
    }
  }
  return true;
};
