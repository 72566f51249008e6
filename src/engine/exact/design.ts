import type { Table } from "../tensor/table.ts";
import { square } from "./square.ts";

/** The column of ones. */
export const intercept = -1;

/** The rows of a linear predictor: ones, and some of the inputs of each row as (x − centre) · factor. */
export interface Design {
  readonly rows: number;
  readonly features: Table<Float64Array>;
  /** Which input each column is; the first is the intercept. */
  readonly columns: Int32Array;
  readonly centers: Float64Array;
  readonly factors: Float64Array;
}

/** What the rows say. */
export interface Observed {
  /** Numbers, counts, or indices of classes. */
  readonly labels: Float64Array;
  /** How much each row's −ln p counts; null: once. */
  readonly weights: Float64Array | null;
  /** What is added to each row's linear predictor, of counts the logarithm of what each is of; null: nothing. */
  readonly offsets: Float64Array | null;
}

/** The largest power of two that is not above x; 1 for 0. */
export const powerOfTwoBelow = (x: number): number => {
  let power = 1;
  if (!(x > 0) || !Number.isFinite(x)) return power;
  while (power > x) power /= 2;
  while (power * 2 <= x) power *= 2;
  return power;
};

/** A column this many times as large as it is wide loses digits wherever it is multiplied. */
const farOff = 1024;

/**
 * What is to be taken from each input so that its digits are those of its variation; 0 for most. Of an input far from 0 for its range all values are within a
 * factor of two of each other, so that each difference is exact (Sterbenz 1974). Null: none is so far.
 */
export const columnShifts = (features: Table<Float64Array>): Float64Array | null => {
  const { rows, columns: inputs, values } = features;
  const [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((end) =>
    new Float64Array(inputs).fill(end),
  ) as [Float64Array, Float64Array];
  for (let row = 0; row < rows; row++) {
    const at = features.seek(row);
    for (let i = 0; i < inputs; i++) {
      const value = values[at + i]!;
      if (value < least[i]!) least[i] = value;
      if (value > largest[i]!) largest[i] = value;
    }
  }
  const shifts = least.map((low, i) => {
    const high = largest[i]!;
    return high > low && Math.max(-low, high) > farOff * (high - low) ? low + (high - low) / 2 : 0;
  });
  return shifts.some((shift) => shift !== 0) ? shifts : null;
};

/** Takes the shifts from all rows, in place. */
export const shiftColumns = (features: Float64Array, shifts: Float64Array): void => {
  for (let at = 0; at < features.length; at++) features[at]! -= shifts[at % shifts.length]!;
};

/** Columns of about the same size, by powers of two and without a centre, so that no bit of the data is lost. */
export const scaleColumns = (features: Table<Float64Array>, columns: Int32Array): Design => {
  const { rows, columns: inputs, values } = features;
  const most = new Float64Array(inputs);
  for (let row = 0; row < rows; row++) {
    const at = features.seek(row);
    for (let i = 0; i < inputs; i++) {
      const size = Math.abs(values[at + i]!);
      if (size > most[i]!) most[i] = size;
    }
  }
  const factors = Float64Array.from(columns, (input) => (input < 0 ? 1 : 1 / powerOfTwoBelow(most[input]!)));
  return { rows, features, columns, centers: new Float64Array(columns.length), factors };
};

/** Mean and mean squared deviation of each input. */
export const momentsOf = (features: Table<Float64Array>): { means: Float64Array; squares: Float64Array } => {
  const { rows, columns: inputs, values } = features;
  const means = new Float64Array(inputs);
  for (let row = 0; row < rows; row++) {
    const at = features.seek(row);
    for (let i = 0; i < inputs; i++) means[i]! += values[at + i]! / rows;
  }
  const squares = new Float64Array(inputs);
  for (let row = 0; row < rows; row++) {
    const at = features.seek(row);
    for (let i = 0; i < inputs; i++) squares[i]! += square(values[at + i]! - means[i]!) / rows;
  }
  return { means, squares };
};

/** Columns of mean 0 and deviation 1, on which iterations do well. A column that does not vary is only centred. */
export const standardiseColumns = (features: Table<Float64Array>, columns: Int32Array): Design => {
  const { means, squares } = momentsOf(features);
  const centers = Float64Array.from(columns, (input) => (input < 0 ? 0 : means[input]!));
  const factors = Float64Array.from(columns, (input) =>
    input < 0 || !(squares[input]! > 0) ? 1 : 1 / Math.sqrt(squares[input]!),
  );
  return { rows: features.rows, features, columns, centers, factors };
};

/** Writes a row times `weight` to `out` from `at` on. */
export const writeRow = (design: Design, row: number, weight: number, out: Float64Array, at: number): void => {
  const { features, columns, centers, factors } = design;
  const { values } = features;
  const start = features.seek(row);
  for (let j = 0; j < columns.length; j++) {
    const input = columns[j]!;
    out[at + j] = input < 0 ? weight : weight * ((values[start + input]! - centers[j]!) * factors[j]!);
  }
};

/** Σⱼ xⱼ βⱼ of a row. */
export const predictorOf = (design: Design, row: number, beta: ArrayLike<number>): number => {
  const { features, columns, centers, factors } = design;
  const { values } = features;
  const start = features.seek(row);
  let sum = 0;
  for (let j = 0; j < columns.length; j++) {
    const input = columns[j]!;
    sum += input < 0 ? beta[j]! : (values[start + input]! - centers[j]!) * factors[j]! * beta[j]!;
  }
  return sum;
};

/** The rows are worked on in blocks of so many; between two of them the caller is asked whether to go on. */
export const blockRows = 256;

/** Called between blocks: keeps the heartbeat, and throws what ends the fit when it is to stop. */
export type Pulse = () => void;

export const hasIntercept = ({ columns }: Pick<Design, "columns">): boolean => columns[0] === intercept;

/** From coefficients of the design's columns to those of the inputs themselves, in place. Without an intercept nothing is centred. */
export const toInputUnits = (design: Design, beta: Float64Array): Float64Array => {
  const { centers, factors } = design;
  for (let j = hasIntercept(design) ? 1 : 0; j < beta.length; j++) {
    beta[j]! *= factors[j]!;
    if (hasIntercept(design)) beta[0]! -= beta[j]! * centers[j]!;
  }
  return beta;
};

/** The same of a covariance matrix of `contrasts` blocks of coefficients: T C Tᵀ, in place. */
export const covarianceToInputUnits = (design: Design, covariance: Float64Array, contrasts: number): Float64Array => {
  const { centers, factors, columns } = design;
  const first = hasIntercept(design) ? 1 : 0;
  const width = columns.length;
  const size = contrasts * width;
  const apply = (at: (i: number) => number): void => {
    for (let k = 0; k < contrasts; k++)
      for (let j = first; j < width; j++) {
        const place = at(k * width + j);
        covariance[place]! *= factors[j]!;
        if (first === 1) covariance[at(k * width)]! -= covariance[place]! * centers[j]!;
      }
  };
  for (let row = 0; row < size; row++) apply((i) => row * size + i);
  for (let column = 0; column < size; column++) apply((i) => i * size + column);
  return covariance;
};

/** Some of the columns. */
export const onlyColumns = (design: Design, positions: readonly number[]): Design => {
  const pick = <T extends Int32Array | Float64Array>(values: T): T =>
    values.filter((_, j) => positions.includes(j)) as T;
  return { ...design, columns: pick(design.columns), centers: pick(design.centers), factors: pick(design.factors) };
};
