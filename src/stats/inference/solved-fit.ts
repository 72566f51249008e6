import type { Preprocessing } from "../../domain/models/model.ts";
import { type InputRows, readRows, writeColumns } from "../coefficients/input-rows.ts";
import type { Term } from "../coefficients/terms.ts";
import { weightAt } from "../sampling.ts";

/** Which rows belong together. */
export interface Clusters {
  readonly column: string;
  readonly count: number;
  /** Of each training row, from 0. */
  readonly ids: Int32Array;
}

/** A linear model that was solved without a penalty, and the rows that it was solved on. */
export interface SolvedFit {
  readonly model: "linear" | "logistic" | "softmax" | "poisson" | "gamma" | "negative_binomial" | "quantile";
  readonly preprocessing: Preprocessing;
  readonly terms: readonly Term[];
  /** The input that each column is, −1 the intercept. */
  readonly columns: Int32Array;
  /** rows × inputs, row-major, in the units of the data, without their shifts. */
  readonly features: InputRows;
  /** What was taken from each input, so that its digits are those of its variation; null: nothing. */
  readonly shifts: Float64Array | null;
  /** Numbers, counts, or indices of classes. */
  readonly labels: ArrayLike<number>;
  /** How precise each row is: var y = φ·V(μ)/w, w above 0; null: all are alike. */
  readonly weights: Float64Array | null;
  /** Of counts: the logarithm of what each is of; null: of one unit. */
  readonly offsets: Float64Array | null;
  /** Of the shifted inputs: contrast by contrast, each in the order of the columns. */
  readonly coefficients: Float64Array;
  /** The inverse of the information without a dispersion; null where there is none. */
  readonly covariance: Float64Array | null;
  readonly indeterminate: readonly number[];
  readonly rank: number;
  readonly ending: "converged" | "separated" | "not_converged";
  /** Of numbers Σ w (y − ŷ)², of a quantile Σ w ρ(y − ŷ). */
  readonly objective: number;
  /** θ of a negative binomial; null: of others, and where counts vary no more than Poisson's. */
  readonly dispersion: { readonly estimate: number; readonly standardError: number } | null;
  /** Which quantile is fitted, and whether by these coefficients alone; null: of other models. */
  readonly quantile: { readonly level: number; readonly unique: boolean } | null;
  /** The rows' numbers in the data set. */
  readonly places: ArrayLike<number>;
  readonly clusters: Clusters | null;
}

/** The predictor's columns of a row, into `out`. */
export const columnsOf = ({ columns, features, preprocessing }: SolvedFit, row: number, out: Float64Array): void =>
  writeColumns(readRows(features, preprocessing.inputs), row, columns, out);

/** What the model says of a row: one mean, or the probabilities of all classes. */
export const createMeans = (fit: SolvedFit) => {
  const { model, coefficients, columns, offsets } = fit;
  const width = columns.length;
  const contrasts = coefficients.length / width;
  const x = new Float64Array(width);
  const eta = new Float64Array(contrasts);
  const means = new Float64Array(model === "softmax" ? contrasts + 1 : 1);
  return (row: number): { x: Float64Array; means: Float64Array } => {
    columnsOf(fit, row, x);
    for (let k = 0; k < contrasts; k++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += coefficients[k * width + j]! * x[j]!;
      eta[k] = offsets === null ? sum : sum + offsets[row]!;
    }
    if (model === "linear" || model === "quantile") means[0] = eta[0]!;
    if (model === "poisson" || model === "gamma" || model === "negative_binomial") means[0] = Math.exp(eta[0]!);
    if (model === "logistic") means[0] = 1 / (1 + Math.exp(-eta[0]!));
    if (model === "softmax") {
      const top = Math.max(0, ...eta);
      means[0] = Math.exp(-top);
      for (let k = 0; k < contrasts; k++) means[k + 1] = Math.exp(eta[k]! - top);
      const total = means.reduce((sum, value) => sum + value, 0);
      for (let k = 0; k < means.length; k++) means[k]! /= total;
    }
    return { x, means };
  };
};

type Family = Pick<SolvedFit, "model" | "dispersion">;

/** The variance of a row's label that the model implies, without a dispersion. */
export const varianceOf = ({ model, dispersion }: Family, mean: number): number => {
  if (model === "linear" || model === "quantile") return 1;
  if (model === "poisson") return mean;
  if (model === "gamma") return mean ** 2;
  if (model === "negative_binomial") return mean + (dispersion === null ? 0 : mean ** 2 / dispersion.estimate);
  return mean * (1 - mean);
};

/** (y − μ)²/V(μ), without a weight. Gamma's labels may be so large or small that their squares are not numbers: its ratio is taken first. */
export const pearsonOf = (family: Family, label: number, mean: number): number =>
  family.model === "gamma" ? ((label - mean) / mean) ** 2 : (label - mean) ** 2 / varianceOf(family, mean);

/** dμ/dη over the variance, by which a row's error pulls at the predictor: 1 for canonical links. */
export const pullOf = (family: Family, mean: number): number => {
  if (family.model === "gamma") return 1 / mean;
  return family.model === "negative_binomial" ? mean / varianceOf(family, mean) : 1;
};

/** (dμ/dη)² over the variance: what a row tells of its predictor. */
const informationOf = (family: Family, mean: number): number =>
  family.model === "gamma" ? 1 : varianceOf(family, mean) * pullOf(family, mean) ** 2;

/** xᵀ C x of a row of one contrast. */
const quadraticForm = (covariance: Float64Array, x: Float64Array): number => {
  const width = x.length;
  let sum = 0;
  for (let i = 0; i < width; i++) {
    if (x[i] === 0) continue;
    let inner = 0;
    for (let j = 0; j < width; j++) inner += covariance[i * width + j]! * x[j]!;
    sum += x[i]! * inner;
  }
  return sum;
};

/** Some of the rows, wherever they are. */
const onlyRows = (features: InputRows, inputs: number, kept: readonly number[]): InputRows => {
  const reader = readRows(features, inputs);
  return {
    get values() {
      return reader.values;
    },
    seek: (row) => reader.seek(kept[row]!),
  };
};

/** The rows that count. */
export const withoutZeros = (fit: SolvedFit): SolvedFit => {
  const { weights, offsets, features, labels, places, clusters, preprocessing } = fit;
  if (weights === null || weights.every((weight) => weight > 0)) return fit;
  const kept = Array.from(weights.keys()).filter((row) => weights[row]! > 0);
  const { inputs } = preprocessing;
  const own = onlyRows(features, inputs, kept);
  const ids = clusters && kept.map((row) => clusters.ids[row]!);
  const numbered = ids && new Map([...new Set(ids)].map((id, i) => [id, i]));
  return {
    ...fit,
    features: own,
    labels: Float64Array.from(kept, (row) => labels[row]!),
    weights: Float64Array.from(kept, (row) => weights[row]!),
    offsets: offsets && Float64Array.from(kept, (row) => offsets[row]!),
    places: kept.map((row) => places[row]!),
    clusters:
      clusters && ids && numbered
        ? { ...clusters, count: numbered.size, ids: Int32Array.from(ids, (id) => numbered.get(id)!) }
        : null,
  };
};

/** wᵢ vᵢ xᵢᵀ C xᵢ of each training row, of models with one linear predictor; null for softmax, and where the estimates have no errors. */
export const leveragesOf = (fit: SolvedFit): Float64Array | null => {
  const { covariance, model, labels } = fit;
  if (covariance === null || model === "softmax" || model === "quantile") return null;
  const means = createMeans(fit);
  return Float64Array.from({ length: labels.length }, (_, row) => {
    const {
      x,
      means: [mean],
    } = means(row);
    return weightAt(fit, row) * informationOf(fit, mean!) * quadraticForm(covariance, x);
  });
};
