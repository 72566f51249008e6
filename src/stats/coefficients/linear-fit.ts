import type { Preprocessing } from "../../domain/models/model.ts";
import { type InputRows, readRows } from "./input-rows.ts";

/** A generalised linear model as it was trained, with the rows that it was trained on. */
export interface LinearFit {
  readonly model: "linear" | "logistic" | "softmax" | "poisson" | "gamma" | "negative_binomial";
  readonly preprocessing: Preprocessing;
  /** rows × inputs, row-major, as the model takes them. */
  readonly features: InputRows;
  /** Classes, counts, or standardised numbers. */
  readonly labels: ArrayLike<number>;
  /** How precise each row is; left out: all are alike. */
  readonly weights?: Float64Array | undefined;
  /** Of counts: the logarithm of what each is of; left out: of one unit. */
  readonly offsets?: Float64Array | undefined;
  /** inputs × outputs, row-major. */
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  readonly l2: number;
  /** θ of a negative binomial; null: of others, and where counts vary no more than Poisson's. */
  readonly theta?: number | null;
  /** Without a penalty the likelihood has no finite maximum (Albert & Anderson 1984). */
  readonly separated: boolean;
  /** Nor does anything else hold the coefficients: where training ended, they would have grown on. */
  readonly unbounded?: boolean;
}

/** Σ over inputs and the bias of one output's linear predictor. */
const createPredictors = ({ features, weight, bias, preprocessing: { inputs } }: LinearFit) => {
  const outputs = bias.length;
  const reader = readRows(features, inputs);
  return (row: number, output: number): number => {
    const start = reader.seek(row);
    const { values } = reader;
    let sum = bias[output]!;
    for (let i = 0; i < inputs; i++) sum += values[start + i]! * weight[i * outputs + output]!;
    return sum;
  };
};

/** What the model says of each training row, in float64: means of the label's distribution, rows × outputs. */
export const fittedMeans = (fit: LinearFit): Float64Array => {
  const outputs = fit.bias.length;
  const predictorOf = createPredictors(fit);
  const rows = fit.labels.length;
  const means = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    const part = means.subarray(row * outputs, (row + 1) * outputs);
    for (let k = 0; k < outputs; k++) part[k] = predictorOf(row, k);
    if (fit.model === "poisson" || fit.model === "gamma" || fit.model === "negative_binomial")
      part[0] = Math.exp(part[0]! + (fit.offsets?.[row] ?? 0));
    if (fit.model === "logistic") part[0] = 1 / (1 + Math.exp(-part[0]!));
    if (fit.model === "softmax") {
      const top = Math.max(...part);
      const total = part.reduce((sum, value) => sum + Math.exp(value - top), 0);
      for (let k = 0; k < outputs; k++) part[k] = Math.exp(part[k]! - top) / total;
    }
  }
  return means;
};

/** Σ w over the training rows, and how many of them count. */
export const countedIn = ({ weights, labels }: LinearFit): { total: number; rows: number } => {
  if (weights === undefined) return { total: labels.length, rows: labels.length };
  let [total, rows] = [0, 0];
  for (const weight of weights) {
    total += weight;
    if (weight > 0) rows += 1;
  }
  return { total, rows };
};
