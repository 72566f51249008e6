import { log64 } from "../../kernels/math64.ts";
import { blocksOf, type Points } from "../points.ts";
import { diagonal, spherical } from "./axis-aligned-covariance.ts";
import type { CovarianceForm, CovarianceName, Mixture, MixtureWork } from "./covariance-form.ts";
import { full, tied } from "./matrix-covariance.ts";

export const covarianceForms: { readonly [P in CovarianceName]: CovarianceForm } = { full, diagonal, spherical, tied };

/** Keeps a component without rows from dividing by zero: 10 × the spacing of doubles at 1. */
const leastCount = 10 * Number.EPSILON;

/** Free parameters: the form's covariances, k means, k − 1 weights. */
export const freeParameters = (form: CovarianceForm, k: number, d: number): number =>
  form.freeParameters(k, d) + k * d + k - 1;

/** −2 ln L + p ln n (Schwarz 1978): the lower the better. */
export const bayesianCriterion = (logLikelihood: number, parameters: number, rows: number): number =>
  -2 * logLikelihood + parameters * log64(rows);

/** −2 ln L + 2p (Akaike 1974): the lower the better. */
export const akaikeCriterion = (logLikelihood: number, parameters: number): number =>
  -2 * logLikelihood + 2 * parameters;

/**
 * E-step, in log space: responsibilities r_{ic} = exp(ln w_c + ln N(xᵢ | μ_c, Σ_c) − ln p(xᵢ)) with ln p(xᵢ) by log-sum-exp.
 * `work.factors` must come from the form's `factor`. Returns Σᵢ ln p(xᵢ); `logDensities`, if given, receives each ln p(xᵢ).
 */
export const expect = (
  form: CovarianceForm,
  points: Points,
  k: number,
  mixture: Mixture,
  work: MixtureWork,
  logDensities?: Float64Array,
): number => {
  const { kernels, scratch, counts: logWeights } = work;
  for (let c = 0; c < k; c++) logWeights[c] = log64(mixture.weights[c]!);
  const total = new Float64Array(1);
  for (const block of blocksOf(points)) {
    const { first, rows } = block;
    const own = work.responsibilities.subarray(first * k);
    form.logDensities(block, k, points.columns, mixture, work, own);
    const kept = logDensities?.subarray(first) ?? null;
    kernels.responsibilities(own, logWeights, kept, total, scratch, k, 0, rows);
  }
  return total[0]!;
};

/** M-step: w_c = n_c / n, μ_c = Σᵢ r_{ic} xᵢ / n_c, then the form's covariances, with n_c = Σᵢ r_{ic}. All sums in the order of the rows. */
export const maximise = (
  form: CovarianceForm,
  points: Points,
  k: number,
  mixture: Mixture,
  work: MixtureWork,
  regularization: number,
): void => {
  const { columns } = points;
  mixture.means.fill(0, 0, k * columns);
  work.counts.fill(leastCount, 0, k);
  for (const { x, first, rows } of blocksOf(points)) {
    const weights = work.responsibilities.subarray(first * k);
    work.kernels.addWeightedRows(x, weights, work.counts, mixture.means, k, columns, 0, rows);
  }
  let total = 0;
  for (let c = 0; c < k; c++) {
    for (let j = c * columns; j < (c + 1) * columns; j++) mixture.means[j]! /= work.counts[c]!;
    total += work.counts[c]!;
  }
  for (let c = 0; c < k; c++) mixture.weights[c] = work.counts[c]! / total;
  form.estimate(points, k, mixture, work, regularization);
};

/** One hot row of responsibilities for each assignment. */
export const hardResponsibilities = (assignments: Int32Array, rows: number, k: number, out: Float64Array): void => {
  out.fill(0, 0, rows * k);
  for (let row = 0; row < rows; row++) out[row * k + assignments[row]!] = 1;
};

/** The component of highest responsibility of each row, the lowest number among equals. */
export const mostResponsible = (
  responsibilities: Float64Array,
  rows: number,
  k: number,
  assignments: Int32Array,
): void => {
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let c = 1; c < k; c++) if (responsibilities[row * k + c]! > responsibilities[row * k + best]!) best = c;
    assignments[row] = best;
  }
};
