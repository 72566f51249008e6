import type { Preprocessing } from "../../domain/models/model.ts";

/** A generalised linear model as it was trained, with the rows that it was trained on. */
export interface LinearFit {
  readonly model: "linear" | "logistic" | "softmax" | "poisson";
  readonly preprocessing: Preprocessing;
  /** rows × inputs, row-major, as the model takes them. */
  readonly features: Float32Array;
  /** Classes, counts, or standardised numbers. */
  readonly labels: ArrayLike<number>;
  /** inputs × outputs, row-major. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly l2: number;
}

/** Σ over inputs and the bias of one output's linear predictor. */
const predictorOf = ({ features, weight, bias }: LinearFit, inputs: number, row: number, output: number): number => {
  const outputs = bias.length;
  let sum = bias[output]!;
  for (let i = 0; i < inputs; i++) sum += features[row * inputs + i]! * weight[i * outputs + output]!;
  return sum;
};

/** What the model says of each training row, in float64: means of the label's distribution, rows × outputs. */
export const fittedMeans = (fit: LinearFit): Float64Array => {
  const outputs = fit.bias.length;
  const { inputs } = fit.preprocessing;
  const rows = fit.labels.length;
  const means = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    const part = means.subarray(row * outputs, (row + 1) * outputs);
    for (let k = 0; k < outputs; k++) part[k] = predictorOf(fit, inputs, row, k);
    if (fit.model === "poisson") part[0] = Math.exp(part[0]!);
    if (fit.model === "logistic") part[0] = 1 / (1 + Math.exp(-part[0]!));
    if (fit.model === "softmax") {
      const top = Math.max(...part);
      const total = part.reduce((sum, value) => sum + Math.exp(value - top), 0);
      for (let k = 0; k < outputs; k++) part[k] = Math.exp(part[k]! - top) / total;
    }
  }
  return means;
};

/** Whether one row's label is the likeliest by the model. */
const isRight = (fit: LinearFit, means: Float64Array, row: number): boolean => {
  const outputs = fit.bias.length;
  const label = fit.labels[row]!;
  if (fit.model === "logistic") return label > 0.5 ? means[row]! > 0.5 : means[row]! < 0.5;
  const part = means.subarray(row * outputs, (row + 1) * outputs);
  return part.every((mean, k) => k === label || mean < part[label]!);
};

/** An input of zeros and ones at which one class, or no count at all, is found: its weight has no finite estimate. */
const levelAlone = (fit: LinearFit, inputs: number, input: number): boolean => {
  const found = new Set<number>();
  for (let row = 0; row < fit.labels.length; row++) {
    const value = fit.features[row * inputs + input]!;
    if (value !== 0 && value !== 1) return false;
    if (value === 1) found.add(fit.labels[row]!);
  }
  return fit.model === "poisson" ? found.size === 1 && found.has(0) : found.size === 1;
};

/**
 * Why the likelihood has no finite maximum: the fitted predictor tells all classes of training apart without a fault, or a category is found with one class (or no count)
 * alone (Albert & Anderson 1984). Null: neither is so.
 */
export const findSeparation = (fit: LinearFit, means: Float64Array): string | null => {
  if (fit.model === "linear") return null;
  const { inputs, features } = fit.preprocessing;
  const rows = Array.from({ length: fit.labels.length }, (_, row) => row);
  if (fit.model !== "poisson" && rows.every((row) => isRight(fit, means, row)))
    return "the features tell the classes of all training rows apart";
  let first = 0;
  for (const feature of features) {
    const levels = feature.type === "category" ? feature.categories : [];
    const alone = levels.findIndex((_, offset) => levelAlone(fit, inputs, first + offset));
    if (alone >= 0) {
      const what = fit.model === "poisson" ? "no count above 0" : "one class alone";
      return `the training rows with ${JSON.stringify(levels[alone])} in ${JSON.stringify(feature.column)} have ${what}`;
    }
    first += (feature.type === "category" ? levels.length : 1) + (feature.missingIndicator ? 1 : 0);
  }
  return null;
};
