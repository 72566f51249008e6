/** What the predictions of a report have in common: several may be of one row, or of rows that belong together, and models share training rows. */
export interface Sampling {
  /** The unit (row or group of rows) of each prediction, from 0. */
  readonly unitOf: Int32Array;
  /** By what the variance of a mean over independent units is multiplied. */
  readonly inflation: number;
}

/**
 * The variance of a mean over folds in which models share training rows is not that of independent rows: with the correlation ρ = 1/folds between the folds'
 * means that Nadeau & Bengio (2003, Machine Learning 52) put in, it is 1 + ρ/(1 − ρ) · folds = 1 + folds/(folds − 1) times as large. Repeats of the division
 * average out what depends on it, and bring no new rows: that is left to `unitOf`.
 */
export const sharedRowsInflation = (folds: number): number => 1 + folds / (folds - 1);

/** The same of some of the predictions. */
export const samplingOf = ({ unitOf, inflation }: Sampling, picked: readonly number[]): Sampling => ({
  unitOf: Int32Array.from(picked, (i) => unitOf[i]!),
  inflation,
});

export const countUnits = ({ unitOf }: Sampling): number => new Set(unitOf).size;

/**
 * Variance of a sum of deviations whose expectation is 0: units/(units − 1) · Σ over units of (Σ of its deviations)², as errors by cluster are computed (Liang &
 * Zeger 1986); with one prediction a unit it is that of independent ones. Without the inflation. 0 for one unit.
 */
export const unitVariance = (deviations: ArrayLike<number>, { unitOf }: Sampling): number => {
  const sums = new Map<number, number>();
  for (let i = 0; i < unitOf.length; i++) sums.set(unitOf[i]!, (sums.get(unitOf[i]!) ?? 0) + deviations[i]!);
  let squares = 0;
  for (const sum of sums.values()) squares += sum ** 2;
  return sums.size > 1 ? (squares * sums.size) / (sums.size - 1) : 0;
};
