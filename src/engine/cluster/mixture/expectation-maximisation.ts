import { exp64, log64 } from "../../kernels/math64.ts";
import type { Points } from "../points.ts";
import { diagonal, spherical } from "./axis-aligned-covariance.ts";
import {
  blocksOf,
  type CovarianceForm,
  type CovarianceName,
  type Mixture,
  type MixtureWork,
} from "./covariance-form.ts";
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

/** ln Σ_c e^{v[at + c]} without overflow: the largest term is taken out. */
const logSumExp = (values: Float64Array, at: number, k: number): number => {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = at; c < at + k; c++) largest = Math.max(largest, values[c]!);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (let c = at; c < at + k; c++) sum += exp64(values[c]! - largest);
  return largest + log64(sum);
};

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
  const { responsibilities } = work;
  for (const rows of blocksOf(points))
    for (let c = 0; c < k; c++)
      form.logDensities(points, rows, k, c, mixture, work.factors, work.difference, responsibilities);
  for (let c = 0; c < k; c++) work.counts[c] = log64(mixture.weights[c]!);
  let total = 0;
  for (let row = 0; row < points.rows; row++) {
    const at = row * k;
    for (let c = 0; c < k; c++) responsibilities[at + c]! += work.counts[c]!;
    const logDensity = logSumExp(responsibilities, at, k);
    for (let c = at; c < at + k; c++) responsibilities[c] = exp64(responsibilities[c]! - logDensity);
    if (logDensities) logDensities[row] = logDensity;
    total += logDensity;
  }
  return total;
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
  const { values, columns } = points;
  mixture.means.fill(0, 0, k * columns);
  work.counts.fill(leastCount, 0, k);
  for (const { first, end } of blocksOf(points))
    for (let c = 0; c < k; c++) {
      let count = work.counts[c]!;
      for (let row = first; row < end; row++) {
        const weight = work.responsibilities[row * k + c]!;
        if (weight === 0) continue;
        const at = points.seek(row);
        count += weight;
        for (let j = 0; j < columns; j++) mixture.means[c * columns + j]! += weight * values[at + j]!;
      }
      work.counts[c] = count;
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
