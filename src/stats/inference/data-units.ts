import type { SolvedFit } from "./solved-fit.ts";

/**
 * Back from shifted inputs to the data's: the intercept is γ₀ − Σ γⱼ·shiftⱼ, its variance that of this sum. Only the intercept changes, and it has no value of its
 * own where a shifted column has none.
 */
export const createUnshift = (fit: SolvedFit) => {
  const { shifts, columns, coefficients, covariance, indeterminate } = fit;
  const moved = shifts === null ? [] : Array.from(columns.keys()).filter((j) => (shifts[columns[j]!] ?? 0) !== 0);
  if (shifts === null || moved.length === 0) return { fit, matrix: (own: Float64Array | null) => own };
  const width = columns.length;
  const size = coefficients.length;
  /** Of each contrast: what is at 0, less what the shifted columns add there. */
  const apply = (values: Float64Array, at: (i: number) => number): void => {
    for (let first = 0; first < size; first += width)
      for (const j of moved) values[at(first)]! -= values[at(first + j)]! * shifts[columns[j]!]!;
  };
  const matrix = (own: Float64Array | null): Float64Array | null => {
    if (own === null) return null;
    const values = Float64Array.from(own);
    for (let row = 0; row < size; row++) apply(values, (i) => row * size + i);
    for (let column = 0; column < size; column++) apply(values, (i) => i * size + column);
    return values;
  };
  const estimates = Float64Array.from(coefficients);
  apply(estimates, (i) => i);
  const lost = moved.some((j) => indeterminate.includes(j)) && !indeterminate.includes(0);
  return {
    fit: {
      ...fit,
      ...{ coefficients: estimates, covariance: matrix(covariance) },
      indeterminate: lost ? [0, ...indeterminate] : indeterminate,
    },
    matrix,
  };
};
