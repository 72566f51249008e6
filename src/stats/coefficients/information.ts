import { weightAt } from "../sampling.ts";
import { readRows } from "./input-rows.ts";
import type { LinearFit } from "./linear-fit.ts";
import type { Symmetric } from "./positive-definite.ts";

/**
 * The Fisher information of the coefficients of columns (null: the intercept) in each contrast: Σ over rows of w·S ⊗ x xᵀ, with S = μ for counts (μ/(1 + μ/θ) where they vary more), 1/φ for a Gamma, p (1 − p) for two
 * classes, pₖ (δₖₗ − pₗ) for the classes but the first, and 1/σ² for numbers. Contrast by contrast, each in the order of the columns.
 */
export const informationOf = (
  fit: LinearFit,
  means: Float64Array,
  columns: readonly (number | null)[],
  variance: number,
): Symmetric => {
  const outputs = fit.bias.length;
  const { inputs } = fit.preprocessing;
  const contrasts = fit.model === "softmax" ? outputs - 1 : 1;
  const width = columns.length;
  const size = contrasts * width;
  const values = new Float64Array(size * size);
  const x = new Float64Array(width);
  const spread = (row: number, k: number, l: number): number => {
    if (fit.model === "linear") return 1 / variance;
    const mean = means[row * outputs + (fit.model === "softmax" ? k + 1 : 0)]!;
    if (fit.model === "poisson") return mean;
    if (fit.model === "gamma") return 1 / variance;
    if (fit.model === "negative_binomial") return mean / (1 + (fit.theta == null ? 0 : mean / fit.theta));
    if (fit.model === "logistic") return mean * (1 - mean);
    return k === l ? mean * (1 - mean) : -mean * means[row * outputs + l + 1]!;
  };
  const reader = readRows(fit.features, inputs);
  for (let row = 0; row < fit.labels.length; row++) {
    const start = reader.seek(row);
    for (let j = 0; j < width; j++) {
      const input = columns[j]!;
      x[j] = input === null ? 1 : reader.values[start + input]!;
    }
    const weight = weightAt(fit, row);
    for (let k = 0; k < contrasts; k++)
      for (let l = 0; l <= k; l++) {
        const s = weight * spread(row, k, l);
        for (let i = 0; i < width; i++) {
          const scaled = s * x[i]!;
          if (scaled === 0) continue;
          const at = (k * width + i) * size + l * width;
          for (let j = 0; j < width; j++) values[at + j]! += scaled * x[j]!;
        }
      }
  }
  for (let i = 0; i < size; i++) for (let j = i + 1; j < size; j++) values[i * size + j] = values[j * size + i]!;
  return { size, values };
};
