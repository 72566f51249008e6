/** A⁻¹ by Gauss and Jordan's elimination with the largest pivots, size × size; `matrix` is overwritten. */
export const invertSquare = (matrix: Float64Array, size: number): Float64Array => {
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  const swap = (values: Float64Array, a: number, b: number): void => {
    for (let k = 0; k < size; k++) {
      const kept = values[a * size + k]!;
      values[a * size + k] = values[b * size + k]!;
      values[b * size + k] = kept;
    }
  };
  for (let j = 0; j < size; j++) {
    let best = j;
    for (let i = j + 1; i < size; i++)
      if (Math.abs(matrix[i * size + j]!) > Math.abs(matrix[best * size + j]!)) best = i;
    if (best !== j) {
      swap(matrix, j, best);
      swap(inverse, j, best);
    }
    const pivot = matrix[j * size + j]!;
    for (let k = 0; k < size; k++) {
      matrix[j * size + k]! /= pivot;
      inverse[j * size + k]! /= pivot;
    }
    for (let i = 0; i < size; i++) {
      const factor = matrix[i * size + j]!;
      if (i === j || factor === 0) continue;
      for (let k = 0; k < size; k++) {
        matrix[i * size + k]! -= factor * matrix[j * size + k]!;
        inverse[i * size + k]! -= factor * inverse[j * size + k]!;
      }
    }
  }
  return inverse;
};
