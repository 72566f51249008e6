import type { InfoOf } from "../kernel-info.ts";

/**
 * Batch normalisation (Ioffe & Szegedy 2015) of x [rows, columns]: 1-D has rows = batch, 2-D rows = batch · height · width (NHWC), columns = channels.
 * Training: batchNormStatistics, barrier, batchNorm. Inference and frozen layers: inverseDeviation of the running variance, then batchNorm.
 */
export interface NormalisationKernels {
  /**
   * mean[j], variance[j] (biased, two-pass) and inverse[j] = 1 / √(variance[j] + ε) of each column; units: columns.
   * Sums run in f32 over 64 rows at a time, then in f64.
   */
  batchNormStatistics(
    mean: number,
    variance: number,
    inverse: number,
    x: number,
    rows: number,
    columns: number,
    epsilon: number,
    start: number,
    end: number,
  ): void;
  /** out[j] = 1 / √(variance[j] + ε); units: elements. */
  inverseDeviation(out: number, variance: number, epsilon: number, start: number, end: number): void;
  /** out[i, j] = f(γ[j] · (x[i, j] − mean[j]) · inverse[j] + β[j]); f by activation code; units: rows. */
  batchNorm(
    out: number,
    x: number,
    mean: number,
    inverse: number,
    gamma: number,
    beta: number,
    columns: number,
    activation: number,
    slope: number,
    start: number,
    end: number,
  ): void;
  /**
   * dγ[j] = Σᵢ g[i, j] z[i, j] and dβ[j] = Σᵢ g[i, j], z = (x − mean) · inverse; units: columns.
   * g = dy, or with `y` (0: none), the output of a ReLU that followed: g = dy where y > 0, else 0.
   */
  batchNormParameterGrad(
    dgamma: number,
    dbeta: number,
    dy: number,
    y: number,
    x: number,
    mean: number,
    inverse: number,
    rows: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /**
   * dx = γ · inverse · (g − dβ / rows − z · dγ / rows), statistics being functions of x, g as in batchNormParameterGrad, which must come first;
   * units: rows.
   */
  batchNormInputGrad(
    dx: number,
    dy: number,
    y: number,
    x: number,
    mean: number,
    inverse: number,
    gamma: number,
    dgamma: number,
    dbeta: number,
    rows: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** dx = γ · inverse · dy, for a layer whose statistics are constants (frozen); units: rows. */
  batchNormFrozenInputGrad(
    dx: number,
    dy: number,
    inverse: number,
    gamma: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** running[j] = (1 − momentum) · running[j] + momentum · factor · batch[j]; factor n / (n − 1) makes the variance unbiased; units: elements. */
  runningAverage(running: number, batch: number, momentum: number, factor: number, start: number, end: number): void;
}

export const normalisationInfo: InfoOf<NormalisationKernels> = {
  batchNormStatistics: {
    args: ["mean", "variance", "inverse", "x", "rows", "columns", "epsilon"],
    unit: "columns",
    grain: 16,
  },
  inverseDeviation: { args: ["out", "variance", "epsilon"], unit: "elements", grain: 16 },
  batchNorm: {
    args: ["out", "x", "mean", "inverse", "gamma", "beta", "columns", "activation", "slope"],
    unit: "rows",
    grain: 1,
  },
  batchNormParameterGrad: {
    args: ["dgamma", "dbeta", "dy", "y", "x", "mean", "inverse", "rows", "columns"],
    unit: "columns",
    grain: 16,
  },
  batchNormInputGrad: {
    args: ["dx", "dy", "y", "x", "mean", "inverse", "gamma", "dgamma", "dbeta", "rows", "columns"],
    unit: "rows",
    grain: 1,
  },
  batchNormFrozenInputGrad: { args: ["dx", "dy", "inverse", "gamma", "columns"], unit: "rows", grain: 1 },
  runningAverage: { args: ["running", "batch", "momentum", "factor"], unit: "elements", grain: 16 },
};
