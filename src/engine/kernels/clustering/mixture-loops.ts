import { exp64, log64 } from "../math64.ts";
import type { ClusteringKernels } from "./clustering-kernels.ts";

/** ln Σ_c e^{v[at + c]} without overflow: the largest term is taken out. */
const logSumExp = (values: Float64Array, at: number, k: number): number => {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = at; c < at + k; c++) largest = Math.max(largest, values[c]!);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (let c = at; c < at + k; c++) sum += exp64(values[c]! - largest);
  return largest + log64(sum);
};

type MixtureKernels = Pick<
  ClusteringKernels,
  | "triangularDensities"
  | "diagonalDensities"
  | "sphericalDensities"
  | "responsibilities"
  | "addWeightedRows"
  | "addWeightedSquares"
  | "addScatter"
>;

/** The kernels of mixtures in JavaScript. */
export const mixtureLoops: MixtureKernels = {
  triangularDensities: (x, means, factors, constants, out, scratch, k, columns, apart, start, end) => {
    for (let c = 0; c < k; c++) {
      const constant = constants[apart === 0 ? 0 : c]!;
      for (let row = start; row < end; row++) {
        let square = 0;
        for (let i = 0; i < columns; i++) {
          let sum = x[row * columns + i]! - means[c * columns + i]!;
          const line = c * apart + i * columns;
          for (let j = 0; j < i; j++) sum -= factors[line + j]! * scratch[j]!;
          sum *= factors[line + i]!;
          scratch[i] = sum;
          square += sum * sum;
        }
        out[row * k + c] = constant - 0.5 * square;
      }
    }
  },
  diagonalDensities: (x, means, precisions, constants, out, _scratch, k, columns, start, end) => {
    for (let c = 0; c < k; c++)
      for (let row = start; row < end; row++) {
        let square = 0;
        for (let j = 0; j < columns; j++) {
          const difference = x[row * columns + j]! - means[c * columns + j]!;
          square += difference * difference * precisions[c * columns + j]!;
        }
        out[row * k + c] = constants[c]! - 0.5 * square;
      }
  },
  sphericalDensities: (x, means, precisions, constants, out, _scratch, k, columns, start, end) => {
    for (let c = 0; c < k; c++)
      for (let row = start; row < end; row++) {
        let square = 0;
        for (let j = 0; j < columns; j++) {
          const difference = x[row * columns + j]! - means[c * columns + j]!;
          square += difference * difference;
        }
        out[row * k + c] = constants[c]! - 0.5 * (square * precisions[c]!);
      }
  },
  responsibilities: (values, logWeights, logDensities, total, _scratch, k, start, end) => {
    let sum = total[0]!;
    for (let row = start; row < end; row++) {
      const at = row * k;
      for (let c = 0; c < k; c++) values[at + c]! += logWeights[c]!;
      const logDensity = logSumExp(values, at, k);
      for (let c = at; c < at + k; c++) values[c] = exp64(values[c]! - logDensity);
      if (logDensities) logDensities[row] = logDensity;
      sum += logDensity;
    }
    total[0] = sum;
  },
  addWeightedRows: (x, weights, counts, sums, k, columns, start, end) => {
    for (let c = 0; c < k; c++) {
      let count = counts[c]!;
      for (let row = start; row < end; row++) {
        const weight = weights[row * k + c]!;
        if (weight === 0) continue;
        count += weight;
        for (let j = 0; j < columns; j++) sums[c * columns + j]! += weight * x[row * columns + j]!;
      }
      counts[c] = count;
    }
  },
  addWeightedSquares: (x, weights, means, sums, k, columns, start, end) => {
    for (let c = 0; c < k; c++)
      for (let row = start; row < end; row++) {
        const weight = weights[row * k + c]!;
        if (weight === 0) continue;
        for (let j = 0; j < columns; j++) {
          const difference = x[row * columns + j]! - means[c * columns + j]!;
          sums[c * columns + j]! += weight * (difference * difference);
        }
      }
  },
  addScatter: (x, weights, mean, out, scratch, k, c, columns, start, end) => {
    for (let row = start; row < end; row++) {
      const weight = weights[row * k + c]!;
      if (weight === 0) continue;
      for (let j = 0; j < columns; j++) scratch[j] = x[row * columns + j]! - mean[j]!;
      for (let i = 0; i < columns; i++) {
        const scaled = weight * scratch[i]!;
        for (let j = 0; j <= i; j++) out[i * columns + j]! += scaled * scratch[j]!;
      }
    }
  },
};
