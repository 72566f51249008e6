import { log64 } from "../../kernels/math64.ts";
import type { Points } from "../points.ts";
import {
  type CovarianceForm,
  logTwoPi,
  type Mixture,
  type MixtureWork,
  type WeightsOf,
  weighedBlocks,
} from "./covariance-form.ts";

/** σ²_{cj} = Σᵢ r_{ic} (x_{ij} − μ_{cj})² / Σᵢ r_{ic}, written to out[c · d + j]. */
const estimateVariances = (
  points: Points,
  k: number,
  mixture: Mixture,
  work: MixtureWork,
  weightsOf: WeightsOf,
  out: Float64Array,
): void => {
  const { columns } = points;
  out.fill(0, 0, k * columns);
  for (const block of weighedBlocks(points, work))
    work.kernels.addWeightedSquares(block.x, weightsOf(block), mixture.means, out, k, columns, 0, block.rows);
  for (let c = 0; c < k; c++) for (let j = c * columns; j < (c + 1) * columns; j++) out[j]! /= work.counts[c]!;
};

/** 1 over the largest of the first `count` precisions. */
const leastOf = (factors: Float64Array, count: number): number => {
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, factors[i]!);
  return 1 / largest;
};

const isVariance = (value: number): boolean => value > 0 && value < Number.POSITIVE_INFINITY;

/** Σ_c = diag(σ²_{c1} … σ²_{cd}); factors hold 1/σ²_{cj} and, after them, −½ (d ln 2π + Σⱼ ln σ²_{cj}) of each component. */
export const diagonal: CovarianceForm = {
  shape: (k, d) => [k, d],
  freeParameters: (k, d) => k * d,
  factorSize: (k, d) => k * (d + 1),
  flopsPerRow: (k, d) => k * 10 * d,
  factor: (mixture, k, d, factors) => {
    for (let c = 0; c < k; c++) {
      let logDeterminant = 0;
      for (let j = c * d; j < (c + 1) * d; j++) {
        const variance = mixture.covariances[j]!;
        if (!isVariance(variance)) return c;
        factors[j] = 1 / variance;
        logDeterminant += log64(variance);
      }
      factors[k * d + c] = -0.5 * (d * logTwoPi + logDeterminant);
    }
    return -1;
  },
  leastVariance: (factors, k, d) => leastOf(factors, k * d),
  logDensities: ({ x, rows }, k, d, { means }, { kernels, factors, scratch }, out) =>
    kernels.diagonalDensities(x, means, factors, factors.subarray(k * d), out, scratch, k, d, 0, rows),
  estimate: (points, k, mixture, work, weightsOf, regularization) => {
    estimateVariances(points, k, mixture, work, weightsOf, mixture.covariances);
    for (let j = 0; j < k * points.columns; j++) mixture.covariances[j]! += regularization;
  },
};

/** Σ_c = σ²_c I, σ²_c the mean of the component's variances; factors hold 1/σ²_c and, after them, −½ d (ln 2π + ln σ²_c). */
export const spherical: CovarianceForm = {
  shape: (k) => [k],
  freeParameters: (k) => k,
  factorSize: (k) => k * 2,
  flopsPerRow: (k, d) => k * 9 * d,
  factor: (mixture, k, d, factors) => {
    for (let c = 0; c < k; c++) {
      const variance = mixture.covariances[c]!;
      if (!isVariance(variance)) return c;
      factors[c] = 1 / variance;
      factors[k + c] = -0.5 * d * (logTwoPi + log64(variance));
    }
    return -1;
  },
  leastVariance: (factors, k) => leastOf(factors, k),
  logDensities: ({ x, rows }, k, d, { means }, { kernels, factors, scratch }, out) =>
    kernels.sphericalDensities(x, means, factors, factors.subarray(k), out, scratch, k, d, 0, rows),
  estimate: (points, k, mixture, work, weightsOf, regularization) => {
    const variances = new Float64Array(k * points.columns);
    estimateVariances(points, k, mixture, work, weightsOf, variances);
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let j = 0; j < points.columns; j++) sum += variances[c * points.columns + j]!;
      mixture.covariances[c] = sum / points.columns + regularization;
    }
  },
};
