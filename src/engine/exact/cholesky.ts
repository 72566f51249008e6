/** Rows whose products are added at once: the matrix is gone through once for all of them. */
export const abreast = 4;

/**
 * Adds Σ scale · x xᵀ of as many rows as are abreast, one after another, to a block of a row-major matrix.
 * @param x the rows, one behind the other
 * @param scales of each; 0: it is left out
 * @param block where the block begins, the length of the matrix's rows, and whether only the lower triangle is wanted
 */
export const addProducts = (
  out: Float64Array,
  x: Float64Array,
  scales: Float64Array,
  { start, size, lower }: { readonly start: number; readonly size: number; readonly lower: boolean },
): void => {
  const width = x.length / abreast;
  const [s, t, u, v] = [scales[0]!, scales[1]!, scales[2]!, scales[3]!];
  for (let i = 0; i < width; i++) {
    const a = s * x[i]!;
    const b = t * x[width + i]!;
    const c = u * x[2 * width + i]!;
    const d = v * x[3 * width + i]!;
    if (a !== 0 || b !== 0 || c !== 0 || d !== 0)
      addLine(out, start + i * size, x, width, lower ? i + 1 : width, a, b, c, d);
  }
};

const addLine = (
  out: Float64Array,
  at: number,
  x: Float64Array,
  width: number,
  end: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void => {
  for (let j = 0; j < end; j++)
    out[at + j] = out[at + j]! + a * x[j]! + b * x[width + j]! + c * x[2 * width + j]! + d * x[3 * width + j]!;
};

/** A pivot below this share of its diagonal element is rounding. */
const leastPivot = 1e-13;

/** L of A = D L Lᵀ D with a unit diagonal under D, in place of A's lower triangle; columns whose pivots are rounding are left out. */
export interface Factor {
  readonly size: number;
  readonly lower: Float64Array;
  readonly scale: Float64Array;
  readonly left: Uint8Array;
}

export const choleskyInPlace = (lower: Float64Array, size: number, pulse: () => void): Factor => {
  const scale = Float64Array.from({ length: size }, (_, i) => {
    const diagonal = lower[i * size + i]!;
    return diagonal > 0 ? 1 / Math.sqrt(diagonal) : 0;
  });
  const left = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j <= i; j++) {
      const other = j * size;
      let sum = i === j ? (scale[i]! > 0 ? 1 : 0) : lower[row + j]! * scale[i]! * scale[j]!;
      for (let k = 0; k < j; k++) sum -= lower[row + k]! * lower[other + k]!;
      if (i === j) {
        left[i] = sum > leastPivot ? 0 : 1;
        lower[row + i] = left[i] ? 1 : Math.sqrt(sum);
      } else lower[row + j] = left[j] ? 0 : sum / lower[other + j]!;
    }
    if (left[i]) lower.fill(0, row, row + i);
    pulse();
  }
  return { size, lower, scale, left };
};

/** x with A x = b, in place; 0 where a column is left out. */
export const solveFactor = ({ size, lower, scale, left }: Factor, b: Float64Array): Float64Array => {
  for (let i = 0; i < size; i++) {
    let sum = left[i] ? 0 : b[i]! * scale[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * b[k]!;
    b[i] = sum / lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    const x = b[i]! / lower[i * size + i]!;
    b[i] = x;
    for (let k = 0; k < i; k++) b[k]! -= lower[i * size + k]! * x;
  }
  for (let i = 0; i < size; i++) b[i]! *= scale[i]!;
  return b;
};

/** A⁻¹, size × size. */
export const inverseOfFactor = (factor: Factor): Float64Array => {
  const { size } = factor;
  const inverse = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const column = new Float64Array(size);
    column[j] = 1;
    inverse.set(solveFactor(factor, column), j * size);
  }
  for (let i = 0; i < size; i++)
    for (let j = 0; j < i; j++) {
      const mean = (inverse[i * size + j]! + inverse[j * size + i]!) / 2;
      inverse[i * size + j] = mean;
      inverse[j * size + i] = mean;
    }
  return inverse;
};
