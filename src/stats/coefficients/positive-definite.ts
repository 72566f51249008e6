/** A symmetric matrix, size × size, row-major. */
export interface Symmetric {
  readonly size: number;
  readonly values: Float64Array;
}

/** A pivot below this share of its diagonal element is rounding: the column is a sum of those before it. */
const leastPivot = 1e-9;

/**
 * The inverse of a positive definite matrix by Cholesky's decomposition, scaled to a unit diagonal first; or the positions of columns that depend on those before
 * them.
 */
export const invert = ({ size, values }: Symmetric): { inverse: Float64Array } | { dependent: number[] } => {
  const scale = Float64Array.from({ length: size }, (_, i) => 1 / Math.sqrt(values[i * size + i]!));
  const dependent: number[] = [];
  const lower = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    let pivot = Number.isFinite(scale[j]!) ? 1 : 0;
    for (let k = 0; k < j; k++) pivot -= lower[j * size + k]! ** 2;
    if (!(pivot > leastPivot)) {
      // Its column stays zero, so that the others are judged without it.
      dependent.push(j);
      continue;
    }
    const root = Math.sqrt(pivot);
    lower[j * size + j] = root;
    for (let i = j + 1; i < size; i++) {
      let sum = values[i * size + j]! * scale[i]! * scale[j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      lower[i * size + j] = sum / root;
    }
  }
  if (dependent.length > 0) return { dependent };
  // Rows of L⁻¹; A⁻¹ = L⁻ᵀ L⁻¹.
  const rows = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    rows[i * size + i] = 1 / lower[i * size + i]!;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= lower[i * size + k]! * rows[k * size + j]!;
      rows[i * size + j] = sum / lower[i * size + i]!;
    }
  }
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < size; k++) sum += rows[k * size + i]! * rows[k * size + j]!;
      inverse[i * size + j] = sum * scale[i]! * scale[j]!;
      inverse[j * size + i] = inverse[i * size + j]!;
    }
  return { inverse };
};
