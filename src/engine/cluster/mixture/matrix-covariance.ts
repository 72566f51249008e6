import { log64 } from "../../kernels/math64.ts";
import type { Points } from "../points.ts";
import { factorCholesky } from "./cholesky.ts";
import {
  blocksOf,
  type CovarianceForm,
  logTwoPi,
  type Mixture,
  type MixtureWork,
  type RowRange,
} from "./covariance-form.ts";

/** Adds r_{ic} (x − μ_c)(x − μ_c)ᵀ of some rows to the lower triangle at out[at …]. */
const addScatter = (
  points: Points,
  { first, end }: RowRange,
  k: number,
  mixture: Mixture,
  work: MixtureWork,
  c: number,
  at: number,
): void => {
  const { values, columns } = points;
  const { difference } = work;
  for (let row = first; row < end; row++) {
    const weight = work.responsibilities[row * k + c]!;
    if (weight === 0) continue;
    const start = points.seek(row);
    for (let j = 0; j < columns; j++) difference[j] = values[start + j]! - mixture.means[c * columns + j]!;
    for (let i = 0; i < columns; i++) {
      const scaled = weight * difference[i]!;
      const line = at + i * columns;
      for (let j = 0; j <= i; j++) mixture.covariances[line + j]! += scaled * difference[j]!;
    }
  }
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

/** out[row · k + c] = constant − ½ |y|², L y = x − μ by forward substitution. */
const writeLogDensities = (
  points: Points,
  { first, end }: RowRange,
  k: number,
  c: number,
  mixture: Mixture,
  factors: Float64Array,
  at: number,
  y: Float64Array,
  out: Float64Array,
): void => {
  const { values, columns } = points;
  const constant = logConstant(factors, at, columns);
  for (let row = first; row < end; row++) {
    const start = points.seek(row);
    let square = 0;
    for (let i = 0; i < columns; i++) {
      let sum = values[start + i]! - mixture.means[c * columns + i]!;
      const line = at + i * columns;
      for (let j = 0; j < i; j++) sum -= factors[line + j]! * y[j]!;
      sum *= factors[line + i]!;
      y[i] = sum;
      square += sum * sum;
    }
    out[row * k + c] = constant - 0.5 * square;
  }
};

/** Each component has a covariance matrix of its own. */
export const full: CovarianceForm = {
  shape: (k, d) => [k, d, d],
  freeParameters: (k, d) => (k * d * (d + 1)) / 2,
  factorSize: (k, d) => k * d * d,
  flopsPerRow: (k, d) => 2 * k * d * (d + 4),
  factor: (mixture, k, d, factors) => {
    for (let c = 0; c < k; c++) {
      if (!factorCholesky(mixture.covariances, c * d * d, factors, c * d * d, d)) return c;
    }
    return -1;
  },
  leastVariance: (factors, k, d) => leastPivot(factors, k, d),
  logDensities: (points, rows, k, c, mixture, factors, y, out) =>
    writeLogDensities(points, rows, k, c, mixture, factors, c * points.columns * points.columns, y, out),
  estimate: (points, k, mixture, work, regularization) => {
    const d = points.columns;
    mixture.covariances.fill(0, 0, k * d * d);
    for (const rows of blocksOf(points))
      for (let c = 0; c < k; c++) addScatter(points, rows, k, mixture, work, c, c * d * d);
    for (let c = 0; c < k; c++) finish(mixture.covariances, c * d * d, d, work.counts[c]!, regularization);
  },
};

/** All components share one covariance matrix: the pooled scatter within components over the sum of the responsibilities. */
export const tied: CovarianceForm = {
  shape: (_k, d) => [d, d],
  freeParameters: (_k, d) => (d * (d + 1)) / 2,
  factorSize: (_k, d) => d * d,
  flopsPerRow: (k, d) => 2 * k * d * (d + 4),
  factor: (mixture, _k, d, factors) => (factorCholesky(mixture.covariances, 0, factors, 0, d) ? -1 : 0),
  leastVariance: (factors, _k, d) => leastPivot(factors, 1, d),
  logDensities: (points, rows, k, c, mixture, factors, y, out) =>
    writeLogDensities(points, rows, k, c, mixture, factors, 0, y, out),
  estimate: (points, k, mixture, work, regularization) => {
    const d = points.columns;
    let total = 0;
    mixture.covariances.fill(0, 0, d * d);
    for (let c = 0; c < k; c++) {
      // One component after another, since all add to the same sums.
      addScatter(points, { first: 0, end: points.rows }, k, mixture, work, c, 0);
      total += work.counts[c]!;
    }
    finish(mixture.covariances, 0, d, total, regularization);
  },
};
