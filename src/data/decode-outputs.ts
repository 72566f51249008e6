import { assert } from "../domain/errors.ts";
import type { LossSpec } from "../domain/job-spec.ts";
import type { Prediction, Preprocessing } from "../domain/model.ts";
import { exp64, sigmoid64 } from "../engine/kernels/math64.ts";

type ClassPrediction = Extract<Prediction, { label: string }>;

/** Softmax in f64, with the largest logit subtracted so that no exponential overflows. */
const softmax = (logits: ArrayLike<number>): number[] => {
  const values = Array.from(logits);
  const largest = Math.max(...values);
  const powers = values.map((value) => exp64(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
};

const decodeClass = (loss: LossSpec, classes: readonly string[], logits: Float32Array): ClassPrediction => {
  const second = loss.type === "binary_cross_entropy" ? sigmoid64(logits[0]!) : null;
  const probabilities = second === null ? softmax(logits) : [1 - second, second];
  const best = probabilities.indexOf(Math.max(...probabilities));
  return {
    label: classes[best]!,
    // fromEntries makes own properties even of names such as __proto__.
    probabilities: Object.fromEntries(classes.map((name, i) => [name, probabilities[i]!])),
  };
};

/**
 * A network's outputs (rows × outputs, row-major; logits, before softmax or sigmoid) to answers: label and probabilities by class, or the value on the
 * label's own scale: the mean, or e to the log rate for counts.
 */
export const decodeOutputs = (loss: LossSpec, preprocessing: Preprocessing, outputs: Float32Array): Prediction[] => {
  const { label, outputs: width } = preprocessing;
  assert(label.type !== "none", "only classification and regression have labels to decode");
  const predictions: Prediction[] = [];
  for (let at = 0; at < outputs.length; at += width) {
    const row = outputs.subarray(at, at + width);
    if (label.type === "classes") predictions.push(decodeClass(loss, label.classes, row));
    else if (loss.type === "poisson_nll") predictions.push({ value: exp64(row[0]!) });
    else predictions.push({ value: label.mean + label.scale * row[0]! });
  }
  return predictions;
};
