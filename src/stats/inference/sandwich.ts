import { weightAt } from "../sampling.ts";
import { createMeans, pullOf, type SolvedFit } from "./solved-fit.ts";

/** C M C, C the inverse information and M Σ s sᵀ of scores. */
const between = (covariance: Float64Array, meat: Float64Array, size: number): Float64Array => {
  const multiply = (a: Float64Array, b: Float64Array): Float64Array => {
    const out = new Float64Array(size * size);
    for (let i = 0; i < size; i++)
      for (let k = 0; k < size; k++) {
        const value = a[i * size + k]!;
        if (value === 0) continue;
        for (let j = 0; j < size; j++) out[i * size + j]! += value * b[k * size + j]!;
      }
    return out;
  };
  return multiply(multiply(covariance, meat), covariance);
};

const addSquare = (meat: Float64Array, score: Float64Array): void => {
  const size = score.length;
  for (let i = 0; i < size; i++) {
    if (score[i] === 0) continue;
    for (let j = 0; j < size; j++) meat[i * size + j]! += score[i]! * score[j]!;
  }
};

/** Where a row's leverage is 1 its residual is 0 whatever its label is: nothing can be learnt of its variance. */
export const mostLeverage = 1 - 1e-12;

/**
 * HC3 (MacKinnon & White 1985): Σ (wᵢeᵢ/(1 − hᵢ))² xᵢxᵢᵀ between the inverse information. `byCluster`: Σ over clusters of the squared sums of scores, times
 * G/(G − 1) · (n − 1)/(n − p) (Liang & Zeger 1986).
 * @param leverages of the rows; null where they have none, and then there are no robust errors
 */
export const robustCovariances = (
  fit: SolvedFit,
  leverages: Float64Array | null,
): { robust: Float64Array | null; clustered: Float64Array | null } => {
  const { covariance, columns, labels, clusters, rank } = fit;
  if (covariance === null || leverages === null) return { robust: null, clustered: null };
  const size = columns.length;
  const means = createMeans(fit);
  const meat = new Float64Array(size * size);
  const sums = clusters === null ? null : new Float64Array(clusters.count * size);
  const score = new Float64Array(size);
  let known = true;
  for (let row = 0; row < labels.length; row++) {
    const {
      x,
      means: [mean],
    } = means(row);
    const error = weightAt(fit, row) * pullOf(fit, mean!) * (labels[row]! - mean!);
    const leverage = leverages[row]!;
    if (leverage > mostLeverage) known = false;
    for (let j = 0; j < size; j++) score[j] = (error / (1 - leverage)) * x[j]!;
    addSquare(meat, score);
    if (sums !== null) for (let j = 0; j < size; j++) sums[clusters!.ids[row]! * size + j]! += error * x[j]!;
  }
  const robust = known ? between(covariance, meat, size) : null;
  if (sums === null || clusters!.count < 2) return { robust, clustered: null };
  const grouped = new Float64Array(size * size);
  for (let g = 0; g < clusters!.count; g++) addSquare(grouped, sums.subarray(g * size, (g + 1) * size));
  const [n, groups] = [labels.length, clusters!.count];
  const factor = (groups / (groups - 1)) * ((n - 1) / (n - rank));
  return { robust, clustered: between(covariance, grouped, size).map((value) => factor * value) };
};
