import type { SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import { countLoss } from "../../../src/engine/exact/counts/negative-binomial.ts";
import type { ExactModel } from "../../../src/engine/exact/exact-plan.ts";
import { families } from "../../../src/engine/exact/families.ts";
import { square } from "../../../src/engine/exact/square.ts";
import { exp64, log64 } from "../../../src/engine/kernels/math64.ts";
import { pinballAt } from "../../../src/engine/nn/pinball.ts";
import type { Evaluation } from "../../../src/engine/train/fitting/evaluate.ts";
import { readRows } from "../../../src/stats/coefficients/input-rows.ts";
import { sumOfWeights } from "../leading/row-weights.ts";
import { type LinearWeights, predictorsOf, respond } from "./linear-weights.ts";

const logSum = (values: Float64Array): number => {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of values) top = Math.max(top, value);
  let total = 0;
  for (const value of values) total += exp64(value - top);
  return top + log64(total);
};

const varianceOf = (labels: ArrayLike<number>, weightOf: (row: number) => number, total: number): number => {
  let [mean, squares, constant] = [0, 0, true];
  for (let row = 0; row < labels.length; row++) {
    mean += (weightOf(row) * labels[row]!) / total;
    constant &&= labels[row] === labels[0];
  }
  if (constant) return 0;
  for (let row = 0; row < labels.length; row++) squares += weightOf(row) * square(labels[row]! - mean);
  return squares / total;
};

/** What is measured: with θ of a negative binomial, null where it is Poisson's, and the levels of quantiles, of which other models have none. */
export interface EvaluatedModel {
  readonly model: ExactModel;
  readonly theta: number | null;
  readonly levels: readonly number[];
}

/** Loss, accuracy and errors of a solved model on one split, as a network's evaluation has them; null without rows. `labelScale`: of the loss of numbers. */
export const evaluateLinear = (
  { model, theta, levels }: EvaluatedModel,
  weights: LinearWeights,
  { features, table, labels, weights: counts, offsets }: SplitArrays,
  labelScale: number,
): Evaluation | null => {
  const rows = labels?.length ?? 0;
  if (labels === null || rows === 0) return null;
  const weightOf = (row: number): number => (counts === undefined ? 1 : counts[row]!);
  const total = counts === undefined ? rows : sumOfWeights(counts);
  const out = new Float64Array(weights.outputs);
  const reader = readRows(table ?? features, weights.inputs);
  let [loss, correct, squares] = [0, 0, 0];
  for (let row = 0; row < rows; row++) {
    const start = reader.seek(row);
    predictorsOf(weights, reader.values, start, out);
    if (offsets !== undefined) out[0]! += offsets[row]!;
    const label = labels[row]!;
    const weight = weightOf(row);
    if (model === "softmax") {
      loss += weight * (logSum(out) - out[label]!);
      let best = 0;
      for (let k = 1; k < out.length; k++) if (out[k]! > out[best]!) best = k;
      if (best === label) correct += weight;
    } else if (model === "logistic") {
      loss += weight * families.logistic.loss(label, out[0]!);
      if ((out[0]! > 0 ? 1 : 0) === label) correct += weight;
    } else {
      if (model === "poisson") loss += weight * families.poisson.loss(label, out[0]!);
      if (model === "gamma") loss += weight * (families.gamma.loss(label, out[0]!) - log64(label));
      respond(model, out);
      if (model === "negative_binomial") loss += weight * countLoss(label, out[0]!, theta);
      for (const [k, level] of levels.entries()) loss += (weight * pinballAt(label - out[k]!, level)) / levels.length;
      squares += weight * square(label - out[0]!);
    }
  }
  if (model === "softmax" || model === "logistic")
    return { loss: loss / total, accuracy: correct / total, r2: null, meanSquaredError: null };
  const spread = varianceOf(labels, weightOf, total);
  const meanSquaredError = squares / total;
  return {
    loss:
      model === "linear"
        ? meanSquaredError / square(labelScale)
        : loss / total / (model === "quantile" ? labelScale : 1),
    accuracy: null,
    r2: spread > 0 ? 1 - meanSquaredError / spread : null,
    meanSquaredError,
  };
};

/** What a solved model says of the rows of a split, rates of one unit: rows × outputs. */
export const answersOf = (
  model: ExactModel,
  weights: LinearWeights,
  { features, table }: Pick<SplitArrays, "features" | "table">,
  rows: ArrayLike<number>,
): Float64Array => {
  const { outputs } = weights;
  const reader = readRows(table ?? features, weights.inputs);
  const answers = new Float64Array(rows.length * outputs);
  const own = new Float64Array(outputs);
  for (let i = 0; i < rows.length; i++) {
    const start = reader.seek(rows[i]!);
    predictorsOf(weights, reader.values, start, own);
    respond(model, own);
    for (let k = 0; k < outputs; k++) answers[i * outputs + k] = own[k]!;
  }
  return answers;
};
