import { log64 } from "../../kernels/math64.ts";
import type { Points } from "../points.ts";
import { blocksOf, type CovarianceForm, logTwoPi, type Mixture, type MixtureWork } from "./covariance-form.ts";

/** σ²_{cj} = Σᵢ r_{ic} (x_{ij} − μ_{cj})² / Σᵢ r_{ic}, written to out[c · d + j]. */
const estimateVariances = (points: Points, k: number, mixture: Mixture, work: MixtureWork, out: Float64Array): void => {
  const { values, columns } = points;
  out.fill(0, 0, k * columns);
  for (const { first, end } of blocksOf(points))
    for (let c = 0; c < k; c++) {
      const at = c * columns;
      for (let row = first; row < end; row++) {
        const weight = work.responsibilities[row * k + c]!;
        if (weight === 0) continue;
        const start = points.seek(row);
        for (let j = 0; j < columns; j++) {
          const difference = values[start + j]! - mixture.means[at + j]!;
          out[at + j]! += weight * (difference * difference);
        }
      }
    }
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
  logDensities: (points, { first, end }, k, c, mixture, factors, _y, out) => {
    const { values, columns } = points;
    const constant = factors[k * columns + c]!;
    for (let row = first; row < end; row++) {
      const start = points.seek(row);
      let square = 0;
      for (let j = 0; j < columns; j++) {
        const difference = values[start + j]! - mixture.means[c * columns + j]!;
        square += difference * difference * factors[c * columns + j]!;
      }
      out[row * k + c] = constant - 0.5 * square;
    }
  },
  estimate: (points, k, mixture, work, regularization) => {
    estimateVariances(points, k, mixture, work, mixture.covariances);
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
  logDensities: (points, { first, end }, k, c, mixture, factors, _y, out) => {
    const { values, columns } = points;
    const [precision, constant] = [factors[c]!, factors[k + c]!];
    for (let row = first; row < end; row++) {
      const start = points.seek(row);
      let square = 0;
      for (let j = 0; j < columns; j++) {
        const difference = values[start + j]! - mixture.means[c * columns + j]!;
        square += difference * difference;
      }
      out[row * k + c] = constant - 0.5 * (square * precision);
    }
  },
  estimate: (points, k, mixture, work, regularization) => {
    const variances = new Float64Array(k * points.columns);
    estimateVariances(points, k, mixture, work, variances);
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let j = 0; j < points.columns; j++) sum += variances[c * points.columns + j]!;
      mixture.covariances[c] = sum / points.columns + regularization;
    }
  },
};
