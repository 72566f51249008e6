import { doublesOf } from "./order-of.ts";

/** What the predictions of a report have in common: several may be of one row, or of rows that belong together, and models share training rows. */
export interface Sampling {
  /** The unit (row or group of rows) of each prediction, from 0. */
  readonly unitOf: Int32Array;
  /** By what the variance of a mean over independent units is multiplied. */
  readonly inflation: number;
  /** How much each prediction counts; left out: all the same. */
  readonly weights?: Float64Array;
}

/** Rows that count by their weights, and stand each for itself; null where none is weighted. */
export const weightedRows = (weights: Float64Array | null): Sampling | null =>
  weights && { unitOf: Int32Array.from(weights.keys()), inflation: 1, weights };

/** The same predictions with the weights of their rows. */
export const withWeights = (sampling: Sampling | null, weights: Float64Array | null): Sampling | null =>
  sampling === null || weights === null ? (sampling ?? weightedRows(weights)) : { ...sampling, weights };

/**
 * The variance of a mean over folds in which models share training rows is not that of independent rows: with the correlation ρ = 1/folds between the folds'
 * means that Nadeau & Bengio (2003, Machine Learning 52) put in, it is 1 + ρ/(1 − ρ) · folds = 1 + folds/(folds − 1) times as large. Repeats of the division
 * average out what depends on it, and bring no new rows: that is left to `unitOf`.
 */
export const sharedRowsInflation = (folds: number): number => 1 + folds / (folds - 1);

/** The same rows, or rows each by itself, where the variance of their means is so many times as large. */
export const inflated = (sampling: Sampling | null, inflation: number, rows: number): Sampling | null => {
  if (inflation === 1) return sampling;
  return { ...(sampling ?? { unitOf: Int32Array.from({ length: rows }, (_, row) => row) }), inflation };
};

/** The same of some of the predictions. */
export const samplingOf = ({ unitOf, inflation, weights }: Sampling, picked: ArrayLike<number>): Sampling => ({
  unitOf: Int32Array.from(picked, (i) => unitOf[i]!),
  inflation,
  ...(weights === undefined ? {} : { weights: Float64Array.from(picked, (i) => weights[i]!) }),
});

/** Kish's effective number (Survey Sampling, 1965) of units with these weights, (Σ w)²/Σ w²: as many of one weight would say as much. */
export const effectiveNumber = (weights: ArrayLike<number>): number => {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!;
    squares += weights[i]! ** 2;
  }
  return squares > 0 ? sum ** 2 / squares : 0;
};

/** Σ of each unit's values, in the order in which units come. */
export const unitSums = (values: ArrayLike<number>, unitOf: Int32Array): number[] => {
  const sums = new Map<number, number>();
  for (let i = 0; i < unitOf.length; i++) sums.set(unitOf[i]!, (sums.get(unitOf[i]!) ?? 0) + values[i]!);
  return [...sums.values()];
};

/** Independent units; weighted ones by their effective number. */
export const countUnits = ({ unitOf, weights }: Sampling): number =>
  weights === undefined ? new Set(unitOf).size : effectiveNumber(unitSums(weights, unitOf));

/** Σ w·x / Σ w; without weights the mean. */
export const meanOf = (values: ArrayLike<number>, weights: ArrayLike<number> | null | undefined): number => {
  let [sum, total] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const weight = weights == null ? 1 : weights[i]!;
    sum += weight * values[i]!;
    total += weight;
  }
  return sum / total;
};

/** How much a row counts. */
export const weightAt = (
  { weights }: { readonly weights?: ArrayLike<number> | null | undefined },
  row: number,
): number => (weights == null ? 1 : weights[row]!);

/** w·x of weights of mean 1: their plain mean is the weighted one. */
export const weighed = (values: ArrayLike<number>, { weights }: Pick<Sampling, "weights">): Float64Array => {
  if (weights === undefined) return Float64Array.from(values);
  const mean = meanOf(weights, null);
  return doublesOf(values, (value, i) => (weights[i]! / mean) * value);
};

/**
 * Variance of a sum of deviations whose expectation is 0, by those of its units: units/(units − 1) · Σ over units of (Σ of its deviations)², as errors by cluster are
 * computed (Liang & Zeger 1986); with one prediction a unit it is that of independent ones. Without the inflation. 0 for one unit.
 */
export const varianceOfSums = (sums: readonly number[]): number => {
  let squares = 0;
  for (const sum of sums) squares += sum ** 2;
  return sums.length > 1 ? (squares * sums.length) / (sums.length - 1) : 0;
};

export const unitVariance = (deviations: ArrayLike<number>, { unitOf }: Sampling): number =>
  varianceOfSums(unitSums(deviations, unitOf));
