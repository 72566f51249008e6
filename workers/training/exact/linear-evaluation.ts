import type { SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { ExactModel } from "../../../src/engine/exact/exact-plan.ts";
import { families } from "../../../src/engine/exact/families.ts";
import { square } from "../../../src/engine/exact/square.ts";
import { exp64, log64 } from "../../../src/engine/kernels/math64.ts";
import type { Evaluation } from "../../../src/engine/train/fitting/evaluate.ts";
import { type LinearWeights, predictorsOf, respond } from "./linear-weights.ts";

const logSum = (values: Float64Array): number => {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of values) top = Math.max(top, value);
  let total = 0;
  for (const value of values) total += exp64(value - top);
  return top + log64(total);
};

const varianceOf = (labels: ArrayLike<number>): number => {
  let [mean, squares, constant] = [0, 0, true];
  for (let row = 0; row < labels.length; row++) {
    mean += labels[row]! / labels.length;
    constant &&= labels[row] === labels[0];
  }
  if (constant) return 0;
  for (let row = 0; row < labels.length; row++) squares += square(labels[row]! - mean);
  return squares / labels.length;
};

/** Loss, accuracy and errors of a solved model on one split, as a network's evaluation has them; null without rows. `labelScale`: of the loss of numbers. */
export const evaluateLinear = (
  model: ExactModel,
  weights: LinearWeights,
  { features, labels }: SplitArrays,
  labelScale: number,
): Evaluation | null => {
  const rows = labels?.length ?? 0;
  if (labels === null || rows === 0) return null;
  const out = new Float64Array(weights.outputs);
  let [loss, correct, squares] = [0, 0, 0];
  for (let row = 0; row < rows; row++) {
    predictorsOf(weights, features, row, out);
    const label = labels[row]!;
    if (model === "softmax") {
      loss += logSum(out) - out[label]!;
      let best = 0;
      for (let k = 1; k < out.length; k++) if (out[k]! > out[best]!) best = k;
      if (best === label) correct += 1;
    } else if (model === "logistic") {
      loss += families.logistic.loss(label, out[0]!);
      if ((out[0]! > 0 ? 1 : 0) === label) correct += 1;
    } else {
      if (model === "poisson") loss += families.poisson.loss(label, out[0]!);
      respond(model, out);
      squares += square(label - out[0]!);
    }
  }
  if (model === "softmax" || model === "logistic")
    return { loss: loss / rows, accuracy: correct / rows, r2: null, meanSquaredError: null };
  const spread = varianceOf(labels);
  const meanSquaredError = squares / rows;
  return {
    loss: model === "poisson" ? loss / rows : meanSquaredError / square(labelScale),
    accuracy: null,
    r2: spread > 0 ? 1 - meanSquaredError / spread : null,
    meanSquaredError,
  };
};

/** What a solved model says of the rows of a split: rows × outputs. */
export const answersOf = (
  model: ExactModel,
  weights: LinearWeights,
  { features }: Pick<SplitArrays, "features">,
  rows: ArrayLike<number>,
): Float64Array => {
  const { outputs } = weights;
  const answers = new Float64Array(rows.length * outputs);
  for (let i = 0; i < rows.length; i++) {
    const part = answers.subarray(i * outputs, (i + 1) * outputs);
    predictorsOf(weights, features, rows[i]!, part);
    respond(model, part);
  }
  return answers;
};
