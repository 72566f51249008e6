import { log64 } from "../../kernels/math64.ts";
import type { Block } from "../points.ts";
import { factorCholesky } from "./cholesky.ts";
import { type CovarianceForm, logTwoPi, type Mixture, type MixtureWork, weighedBlocks } from "./covariance-form.ts";

/** Adds r_{ic} (x − μ_c)(x − μ_c)ᵀ of a block's rows to the lower triangle at out[at …]. */
const addScatter = (
  { x, rows }: Block,
  weights: Float64Array,
  k: number,
  d: number,
  { means, covariances }: Mixture,
  { kernels, scratch }: MixtureWork,
  c: number,
  at: number,
): void => {
  const [mean, out] = [means.subarray(c * d), covariances.subarray(at)];
  kernels.addScatter(x, weights, mean, out, scratch, k, c, d, 0, rows);
};

/** Divides the lower triangle, mirrors it and adds to the diagonal. */
const finish = (covariances: Float64Array, at: number, d: number, divisor: number, regularization: number): void => {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      const value = covariances[at + i * d + j]! / divisor;
      covariances[at + i * d + j] = value;
      covariances[at + j * d + i] = value;
    }
    covariances[at + i * d + i]! += regularization;
  }
};

/** −½ (d ln 2π + ln det Σ) from the factor at `at`, whose diagonal holds 1/L[i, i]: ln det Σ = −2 Σ ln(1/L[i, i]). */
const logConstant = (factors: Float64Array, at: number, d: number): number => {
  let logDiagonal = 0;
  for (let i = 0; i < d; i++) logDiagonal += log64(factors[at + i * d + i]!);
  return logDiagonal - 0.5 * (d * logTwoPi);
};

/** The least pivot of `count` factors: the variance of an input given those before it. */
const leastPivot = (factors: Float64Array, count: number, d: number): number => {
  let largest = 0;
  for (let c = 0; c < count; c++) {
    for (let i = 0; i < d; i++) largest = Math.max(largest, factors[c * d * d + i * d + i]!);
  }
  return 1 / (largest * largest);
};

/** Each component has a covariance matrix of its own; factors hold the constants of the densities after the triangles, here and below. */
export const full: CovarianceForm = {
  shape: (k, d) => [k, d, d],
  freeParameters: (k, d) => (k * d * (d + 1)) / 2,
  factorSize: (k, d) => k * (d * d + 1),
  flopsPerRow: (k, d) => 2 * k * d * (d + 4),
  factor: (mixture, k, d, factors) => {
    for (let c = 0; c < k; c++) {
      if (!factorCholesky(mixture.covariances, c * d * d, factors, c * d * d, d)) return c;
      factors[k * d * d + c] = logConstant(factors, c * d * d, d);
    }
    return -1;
  },
  leastVariance: (factors, k, d) => leastPivot(factors, k, d),
  logDensities: ({ x, rows }, k, d, { means }, { kernels, factors, scratch }, out) =>
    kernels.triangularDensities(x, means, factors, factors.subarray(k * d * d), out, scratch, k, d, d * d, 0, rows),
  estimate: (points, k, mixture, work, weightsOf, regularization) => {
    const d = points.columns;
    mixture.covariances.fill(0, 0, k * d * d);
    for (const block of weighedBlocks(points, work)) {
      const weights = weightsOf(block);
      for (let c = 0; c < k; c++) addScatter(block, weights, k, d, mixture, work, c, c * d * d);
    }
    for (let c = 0; c < k; c++) finish(mixture.covariances, c * d * d, d, work.counts[c]!, regularization);
  },
};

/** All components share one covariance matrix: the pooled scatter within components over the sum of the responsibilities. */
export const tied: CovarianceForm = {
  shape: (_k, d) => [d, d],
  freeParameters: (_k, d) => (d * (d + 1)) / 2,
  factorSize: (_k, d) => d * d + 1,
  flopsPerRow: (k, d) => 2 * k * d * (d + 4),
  factor: (mixture, _k, d, factors) => {
    if (!factorCholesky(mixture.covariances, 0, factors, 0, d)) return 0;
    factors[d * d] = logConstant(factors, 0, d);
    return -1;
  },
  leastVariance: (factors, _k, d) => leastPivot(factors, 1, d),
  logDensities: ({ x, rows }, k, d, { means }, { kernels, factors, scratch }, out) =>
    kernels.triangularDensities(x, means, factors, factors.subarray(d * d), out, scratch, k, d, 0, 0, rows),
  estimate: (points, k, mixture, work, weightsOf, regularization) => {
    const d = points.columns;
    let total = 0;
    mixture.covariances.fill(0, 0, d * d);
    for (let c = 0; c < k; c++) {
      // One component after another, since all add to the same sums.
      for (const block of weighedBlocks(points, work)) addScatter(block, weightsOf(block), k, d, mixture, work, c, 0);
      total += work.counts[c]!;
    }
    finish(mixture.covariances, 0, d, total, regularization);
  },
};
