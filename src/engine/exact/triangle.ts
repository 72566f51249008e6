import { square } from "./square.ts";

/**
 * R of a QR decomposition with Qᵀy beside it, built up from blocks of rows: the rows themselves are not kept, so that memory does not grow with them. Sums run in
 * the order of the rows, so that the bits depend on nothing else.
 */
export interface Triangle {
  /** Columns of the matrix. */
  readonly size: number;
  /** size × (size + 1), row-major; the last column is Qᵀy. */
  readonly values: Float64Array;
  /** Σ of squares of what is left of y. */
  squares: number;
  readonly sums: Float64Array;
}

export const triangleDoubles = (size: number): number => (size + 1) * (size + 1);

/** @param memory zeros, triangleDoubles(size) of them */
export const createTriangle = (
  size: number,
  memory: Float64Array = new Float64Array(triangleDoubles(size)),
): Triangle => {
  memory.fill(0);
  const rows = size * (size + 1);
  return { size, values: memory.subarray(0, rows), sums: memory.subarray(rows, rows + size + 1), squares: 0 };
};

/** Takes rows in (rows × (size + 1), row-major, overwritten) by Householder's reflections (1958), which leave the triangle's own zeros alone. */
export const addRows = (triangle: Triangle, block: Float64Array, rows: number): void => {
  const { size, values, sums } = triangle;
  const width = size + 1;
  const end = rows * width;
  for (let j = 0; j < size; j++) {
    let below = 0;
    for (let at = j; at < end; at += width) below += block[at]! * block[at]!;
    if (below === 0) continue;
    const own = j * width;
    const corner = values[own + j]!;
    const norm = Math.sqrt(corner * corner + below);
    const first = corner > 0 ? corner + norm : corner - norm;
    const tau = 2 / (first * first + below);
    values[own + j] = corner > 0 ? -norm : norm;
    for (let k = j + 1; k < width; k++) sums[k] = first * values[own + k]!;
    for (let start = 0; start < end; start += width) {
      const x = block[start + j]!;
      if (x === 0) continue;
      for (let k = j + 1; k < width; k++) sums[k]! += x * block[start + k]!;
    }
    for (let k = j + 1; k < width; k++) {
      sums[k]! *= tau;
      values[own + k]! -= sums[k]! * first;
    }
    for (let start = 0; start < end; start += width) {
      const x = block[start + j]!;
      if (x === 0) continue;
      for (let k = j + 1; k < width; k++) block[start + k]! -= x * sums[k]!;
    }
  }
  for (let at = size; at < end; at += width) triangle.squares += block[at]! * block[at]!;
};

/** The columns that carry the rank, and how the others follow from them. */
export interface Ranked {
  /** Positions of the columns that are independent of those before them. */
  readonly kept: readonly number[];
  readonly dependent: readonly number[];
  /** rank × rank, row-major, upper triangular. */
  readonly upper: Float64Array;
  /** rank × dependent: what the dependent columns are in the kept ones' directions. */
  readonly others: Float64Array;
  /** Qᵀy of the kept columns. */
  readonly right: Float64Array;
}

/** A column whose part that those before it do not explain is below this share of its variation, or of itself, is rounding. */
const leastVariation = 1e-12;
const leastShare = 1e-14;

const norm = (values: Float64Array, width: number, column: number, from: number, to: number): number => {
  let sum = 0;
  for (let i = from; i <= to; i++) sum += square(values[i * width + column]!);
  return Math.sqrt(sum);
};

/** Applies the reflection that brings rows `row` to `last` of a column to its first place. */
const reflect = (work: Float64Array, width: number, column: number, row: number, last: number): void => {
  const corner = work[row * width + column]!;
  const length = norm(work, width, column, row, last);
  const first = corner > 0 ? corner + length : corner - length;
  const below = norm(work, width, column, row + 1, last);
  const tau = 2 / (first * first + below * below);
  for (let k = column + 1; k < width; k++) {
    let sum = first * work[row * width + k]!;
    for (let i = row + 1; i <= last; i++) sum += work[i * width + column]! * work[i * width + k]!;
    sum *= tau;
    work[row * width + k]! -= sum * first;
    for (let i = row + 1; i <= last; i++) work[i * width + k]! -= sum * work[i * width + column]!;
  }
  work[row * width + column] = corner > 0 ? -length : length;
  for (let i = row + 1; i <= last; i++) work[i * width + column] = 0;
};

/** @param intercept the first column is one: the variation of the others is what it leaves of them */
export const rankColumns = ({ size, values }: Triangle, intercept: boolean): Ranked => {
  const width = size + 1;
  const work = Float64Array.from(values);
  const kept: number[] = [];
  const dependent: number[] = [];
  for (let j = 0; j < size; j++) {
    const row = kept.length;
    const variation = norm(values, width, j, intercept && j > 0 ? 1 : 0, j);
    const whole = norm(values, width, j, 0, j);
    const left = norm(work, width, j, row, j);
    if (!(left > leastVariation * variation && left > leastShare * whole)) {
      dependent.push(j);
      continue;
    }
    if (row < j) reflect(work, width, j, row, j);
    kept.push(j);
  }
  const rank = kept.length;
  const pick = (columns: readonly number[]): Float64Array => {
    const out = new Float64Array(rank * columns.length);
    for (let i = 0; i < rank; i++)
      for (const [c, j] of columns.entries()) out[i * columns.length + c] = work[i * width + j]!;
    return out;
  };
  return { kept, dependent, upper: pick(kept), others: pick(dependent), right: pick([size]) };
};

/** x with R x = b; b is overwritten. */
export const solveUpper = (upper: Float64Array, size: number, b: Float64Array): Float64Array => {
  for (let i = size - 1; i >= 0; i--) {
    let sum = b[i]!;
    for (let k = i + 1; k < size; k++) sum -= upper[i * size + k]! * b[k]!;
    b[i] = sum / upper[i * size + i]!;
  }
  return b;
};

/** x with Rᵀ x = b; b is overwritten. */
export const solveTransposed = (upper: Float64Array, size: number, b: Float64Array): Float64Array => {
  for (let i = 0; i < size; i++) {
    const x = b[i]! / upper[i * size + i]!;
    b[i] = x;
    for (let k = i + 1; k < size; k++) b[k]! -= upper[i * size + k]! * x;
  }
  return b;
};

/** (RᵀR)⁻¹, size × size. */
export const inverseOfSquare = (upper: Float64Array, size: number): Float64Array => {
  const inverse = new Float64Array(size * size);
  // R⁻¹, column by column.
  for (let j = 0; j < size; j++) {
    inverse[j * size + j] = 1 / upper[j * size + j]!;
    for (let i = j - 1; i >= 0; i--) {
      let sum = 0;
      for (let k = i + 1; k <= j; k++) sum += upper[i * size + k]! * inverse[k * size + j]!;
      inverse[i * size + j] = -sum / upper[i * size + i]!;
    }
  }
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++) {
      let sum = 0;
      for (let k = j; k < size; k++) sum += inverse[i * size + k]! * inverse[j * size + k]!;
      product[i * size + j] = sum;
      product[j * size + i] = sum;
    }
  return product;
};
