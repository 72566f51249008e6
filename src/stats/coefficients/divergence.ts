import type { Preprocessing } from "../../domain/models/model.ts";
import { mean } from "../estimate.ts";
import { informationOf } from "./information.ts";
import { type InputRows, inputAt, isZeroColumn, readRows } from "./input-rows.ts";
import { invert, type Symmetric } from "./positive-definite.ts";
import { type Term, termsOf } from "./terms.ts";

/** The training rows of a logistic, softmax or Poisson regression. */
export interface RegressionRows {
  readonly model: "logistic" | "softmax" | "poisson";
  readonly preprocessing: Preprocessing;
  /** rows × inputs, row-major. */
  readonly features: InputRows;
  /** Classes or counts. */
  readonly labels: ArrayLike<number>;
}

/** Rows × coefficients² of one step: about a tenth of a second. */
const mostWork = 1e8;
const mostSteps = 30;
const mostHalvings = 10;
/** Of a linear predictor in one step. */
const [converged, moving] = [1e-4, 0.5];

/** Classes without a row have no finite coefficients whatever the features are; they are left out. */
const presentClasses = ({ model, labels }: RegressionRows): { outputs: number; codes: Int32Array } => {
  if (model === "poisson") return { outputs: 1, codes: new Int32Array(0) };
  const present = [...new Set(Array.from(labels))].sort((a, b) => a - b);
  const codeOf = new Map(present.map((label, code) => [label, code]));
  return {
    outputs: model === "softmax" ? present.length : 1,
    codes: Int32Array.from(labels, (label) => codeOf.get(label)!),
  };
};

/** Means of each row's label, its log-likelihood (without what the coefficients do not change) and score, from the linear predictors. */
const evaluate = (rows: RegressionRows, outputs: number, codes: Int32Array, predictors: Float64Array) => {
  const contrasts = Math.max(1, outputs - 1);
  const count = rows.labels.length;
  const means = new Float64Array(count * outputs);
  const residuals = new Float64Array(count * contrasts);
  let logLikelihood = 0;
  for (let row = 0; row < count; row++) {
    if (rows.model === "poisson") {
      const mean = Math.exp(predictors[row]!);
      means[row] = mean;
      residuals[row] = rows.labels[row]! - mean;
      logLikelihood += rows.labels[row]! * predictors[row]! - mean;
      continue;
    }
    let top = 0;
    for (let k = 0; k < contrasts; k++) top = Math.max(top, predictors[row * contrasts + k]!);
    let total = Math.exp(-top);
    for (let k = 0; k < contrasts; k++) total += Math.exp(predictors[row * contrasts + k]! - top);
    const code = codes[row]!;
    logLikelihood += (code === 0 ? 0 : predictors[row * contrasts + code - 1]!) - top - Math.log(total);
    for (let k = 0; k < contrasts; k++) {
      const mean = Math.exp(predictors[row * contrasts + k]! - top) / total;
      means[row * outputs + (outputs > 1 ? k + 1 : 0)] = mean;
      residuals[row * contrasts + k] = (code === k + 1 ? 1 : 0) - mean;
    }
  }
  return { means, residuals, logLikelihood };
};

/** The linear model of some columns, with what Newton's method asks of it. */
const createModel = (rows: RegressionRows, terms: readonly Term[]) => {
  const { outputs, codes } = presentClasses(rows);
  const contrasts = Math.max(1, outputs - 1);
  const width = terms.length;
  const count = rows.labels.length;
  const { inputs } = rows.preprocessing;
  const columns = terms.map(({ input }) => input);
  const reader = readRows(rows.features, inputs);
  const cell = (row: number, j: number): number => (columns[j] === null ? 1 : inputAt(reader, row, columns[j]!));
  const predict = (coefficients: Float64Array): Float64Array => {
    const predictors = new Float64Array(count * contrasts);
    for (let row = 0; row < count; row++)
      for (let k = 0; k < contrasts; k++)
        for (let j = 0; j < width; j++) predictors[row * contrasts + k]! += cell(row, j) * coefficients[k * width + j]!;
    return predictors;
  };
  const scoreOf = (residuals: Float64Array): Float64Array => {
    const score = new Float64Array(contrasts * width);
    for (let row = 0; row < count; row++)
      for (let k = 0; k < contrasts; k++)
        for (let j = 0; j < width; j++) score[k * width + j]! += cell(row, j) * residuals[row * contrasts + k]!;
    return score;
  };
  const fit = { ...rows, bias: new Float32Array(outputs), weight: new Float32Array(0), l2: 0, separated: false };
  return {
    parameters: contrasts * width,
    predict,
    evaluate: (predictors: Float64Array) => evaluate(rows, outputs, codes, predictors),
    scoreOf,
    information: (means: Float64Array): Symmetric => informationOf(fit, means, columns, 1),
    /** No effect of anything; of counts the mean, as their rate is not 1. */
    start: (): Float64Array => {
      const coefficients = new Float64Array(contrasts * width);
      if (rows.model === "poisson") coefficients[0] = Math.log(mean(rows.labels));
      return coefficients;
    },
  };
};

type Model = ReturnType<typeof createModel>;

const times = (matrix: Float64Array, vector: Float64Array): Float64Array =>
  Float64Array.from(vector, (_, i) =>
    vector.reduce((sum, value, j) => sum + matrix[i * vector.length + j]! * value, 0),
  );

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The direction in which Newton's method still moves in the end; null: it has come to rest. Or the columns that depend on others. */
const followNewton = (model: Model): { moving: Float64Array | null } | { dependent: number[] } => {
  let coefficients = model.start();
  let predictors = model.predict(coefficients);
  let { means, residuals, logLikelihood } = model.evaluate(predictors);
  let last: Float64Array | null = null;
  for (let step = 0; step < mostSteps; step++) {
    const inverted = invert(model.information(means));
    // What has become singular on the way has no information left: its rows are certain.
    if ("dependent" in inverted) return step === 0 ? inverted : { moving: last };
    let change = times(inverted.inverse, model.scoreOf(residuals));
    for (let halvings = 0; ; halvings++) {
      const next = coefficients.map((value, i) => value + change[i]!);
      const nextPredictors = model.predict(next);
      const evaluated = model.evaluate(nextPredictors);
      const isBetter = evaluated.logLikelihood >= logLikelihood - 1e-9 * Math.abs(logLikelihood);
      if (!isBetter && halvings < mostHalvings) {
        change = change.map((value) => value / 2);
        continue;
      }
      if (!isBetter) return { moving: null };
      const moved = largest(nextPredictors.map((value, i) => value - predictors[i]!));
      coefficients = next;
      predictors = nextPredictors;
      ({ means, residuals, logLikelihood } = evaluated);
      if (moved < converged) return { moving: null };
      last = moved > moving ? change : null;
      break;
    }
  }
  return { moving: last };
};

const deviationOf = ({ features, labels, preprocessing }: RegressionRows, input: number): number => {
  let [sum, squares] = [0, 0];
  const reader = readRows(features, preprocessing.inputs);
  for (let row = 0; row < labels.length; row++) {
    const start = reader.seek(row);
    const value = reader.values[start + input]!;
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / labels.length - (sum / labels.length) ** 2));
};

const mostNamed = 3;

/** The terms that carry the movement, the strongest first. */
const named = (rows: RegressionRows, terms: readonly Term[], change: Float64Array): string[] => {
  const weights = terms.map(({ name, input }, j) => {
    let strongest = 0;
    for (let at = j; at < change.length; at += terms.length) strongest = Math.max(strongest, Math.abs(change[at]!));
    return { name, weight: input === null ? 0 : strongest * deviationOf(rows, input) };
  });
  const most = Math.max(...weights.map(({ weight }) => weight));
  return weights
    .filter(({ weight }) => weight > 0.3 * most)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, mostNamed)
    .map(({ name }) => name);
};

/**
 * Whether several features together separate the training rows, also only some of them (quasi-complete separation, Albert & Anderson 1984; for counts, Santos
 * Silva & Tenreyro 2010): then the likelihood has no finite maximum. The criterion is Newton's method on the likelihood without a penalty, in float64. Where the
 * maximum is finite, it comes to rest; where it is not, the linear predictor of the separated rows grows by about 1 in every step, for ever. It is
 * told after 30 steps, when those rows are certain to 1 − 10⁻¹². Null: there is a finite maximum, or finding out would take too long. Otherwise the names
 * of the terms that grow.
 */
export const findDivergence = (rows: RegressionRows): string[] | null => {
  const { features, labels, preprocessing } = rows;
  if (labels.length === 0 || preprocessing.features.some(({ type }) => type === "image")) return null;
  let terms = termsOf(preprocessing, isZeroColumn(features, preprocessing.inputs, labels.length));
  for (;;) {
    const model = createModel(rows, terms);
    if (model.parameters === 0 || labels.length * model.parameters ** 2 > mostWork) return null;
    const followed = followNewton(model);
    if ("moving" in followed) return followed.moving === null ? null : named(rows, terms, followed.moving);
    const dependent = new Set(followed.dependent.map((at) => at % terms.length));
    terms = terms.filter((_, at) => !dependent.has(at));
  }
};
