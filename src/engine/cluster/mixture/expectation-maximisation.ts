import { log64 } from "../../kernels/math64.ts";
import type { Block, Points } from "../points.ts";
import { diagonal, spherical } from "./axis-aligned-covariance.ts";
import {
  type CovarianceForm,
  type CovarianceName,
  type Mixture,
  type MixtureWork,
  type WeightsOf,
  weighedBlocks,
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

/** Where the responsibilities of a block's rows lie. */
const ownWeights = ({ responsibilities, weighedRows }: MixtureWork, { first }: Block, k: number): Float64Array =>
  weighedRows === null ? responsibilities.subarray(first * k) : responsibilities;

/** Of one block, to where they lie; adds to `total`. */
const weigh = (
  form: CovarianceForm,
  block: Block,
  k: number,
  d: number,
  mixture: Mixture,
  work: MixtureWork,
  logWeights: Float64Array,
  total: Float64Array,
  logDensities: Float64Array | null,
): Float64Array => {
  const own = ownWeights(work, block, k);
  form.logDensities(block, k, d, mixture, work, own);
  work.kernels.responsibilities(own, logWeights, logDensities, total, work.scratch, k, 0, block.rows);
  return own;
};

const logWeightsOf = ({ weights }: Mixture): Float64Array => weights.map((weight) => log64(weight));

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
  const logWeights = logWeightsOf(mixture);
  const total = new Float64Array(1);
  for (const block of weighedBlocks(points, work))
    weigh(
      form,
      block,
      k,
      points.columns,
      mixture,
      work,
      logWeights,
      total,
      logDensities?.subarray(block.first) ?? null,
    );
  return total[0]!;
};

/** The responsibilities that the last E-step found, though the parameters change: kept, or computed once more by what they were then. */
export const weightsAfter = (
  form: CovarianceForm,
  k: number,
  d: number,
  mixture: Mixture,
  work: MixtureWork,
): WeightsOf => {
  if (work.weighedRows === null) return (block) => ownWeights(work, block, k);
  // Of the covariances `work.factors` has all that is asked for.
  const then = { ...mixture, means: mixture.means.slice() };
  const logWeights = logWeightsOf(mixture);
  return (block) => weigh(form, block, k, d, then, work, logWeights, new Float64Array(1), null);
};

/** One for the cluster that a row is assigned to. */
export const hardWeights =
  (k: number, assignments: Int32Array, work: MixtureWork): WeightsOf =>
  (block) => {
    const own = ownWeights(work, block, k);
    own.fill(0, 0, block.rows * k);
    for (let row = 0; row < block.rows; row++) own[row * k + assignments[block.first + row]!] = 1;
    return own;
  };

/** M-step: w_c = n_c / n, μ_c = Σᵢ r_{ic} xᵢ / n_c, then the form's covariances, with n_c = Σᵢ r_{ic}. All sums in the order of the rows. */
export const maximise = (
  form: CovarianceForm,
  points: Points,
  k: number,
  mixture: Mixture,
  work: MixtureWork,
  weightsOf: WeightsOf,
  regularization: number,
): void => {
  const { columns } = points;
  mixture.means.fill(0, 0, k * columns);
  work.counts.fill(leastCount, 0, k);
  for (const block of weighedBlocks(points, work)) {
    const weights = weightsOf(block);
    work.kernels.addWeightedRows(block.x, weights, work.counts, mixture.means, k, columns, 0, block.rows);
  }
  let total = 0;
  for (let c = 0; c < k; c++) {
    for (let j = c * columns; j < (c + 1) * columns; j++) mixture.means[j]! /= work.counts[c]!;
    total += work.counts[c]!;
  }
  for (let c = 0; c < k; c++) mixture.weights[c] = work.counts[c]! / total;
  form.estimate(points, k, mixture, work, weightsOf, regularization);
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
