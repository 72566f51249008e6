import { assert } from "../../domain/errors.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import { calibrateOutputs } from "../../domain/models/parts/isotonic.ts";
import type { Prediction } from "../../domain/models/predictions/prediction.ts";

type Classes = Extract<Preprocessing["label"], { type: "classes" }>;
type ClassPrediction = Extract<Prediction, { label: string }>;

const decodeClass = ({ classes, threshold }: Classes, outputs: Float32Array | Float64Array): ClassPrediction => {
  // A model of two classes may have one output, the probability of the second.
  const probabilities = outputs.length === 1 ? [1 - outputs[0]!, outputs[0]!] : Array.from(outputs);
  const likeliest = probabilities.indexOf(Math.max(...probabilities));
  const best = threshold === undefined ? likeliest : probabilities[1]! >= threshold ? 1 : 0;
  return {
    label: classes[best]!,
    // fromEntries makes own properties even of names such as __proto__.
    probabilities: Object.fromEntries(classes.map((name, i) => [name, probabilities[i]!])),
  };
};

type NumberLabel = Extract<Preprocessing["label"], { type: "number" }>;

/** A quantile and, where there are three outputs, those about it: where they have changed places the lower and the upper are the one between them. */
const decodeNumber = ({ mean, scale }: NumberLabel, outputs: Float32Array | Float64Array): Prediction => {
  const outputAt = (k: number): number => mean + scale * outputs[k]!;
  const value = outputAt(0);
  if (outputs.length < 3) return { value };
  return { value, quantiles: { lower: Math.min(outputAt(1), value), upper: Math.max(outputAt(2), value) } };
};

/**
 * A predictor's outputs (rows × outputs, row-major, behind softmax, sigmoid or exp) to answers for classification and regression: label (the likeliest, the first
 * among equals, or by the model's threshold) and probability of each class, calibrated where the model is, or the value on the label's own scale, mean + scale · output. Of mean and log variance the mean is the value.
 */
export const decodeOutputs = (preprocessing: Preprocessing, outputs: Float32Array | Float64Array): Prediction[] => {
  const { label, outputs: width } = preprocessing;
  assert(label.type !== "none", "only classification and regression have labels to decode");
  const predictions: Prediction[] = [];
  const calibration = label.type === "classes" ? label.calibration : undefined;
  const answers = calibration === undefined ? outputs : calibrateOutputs(calibration, outputs, width);
  for (let at = 0; at < answers.length; at += width) {
    const row = answers.subarray(at, at + width);
    if (label.type === "classes") predictions.push(decodeClass(label, row));
    else predictions.push(decodeNumber(label, row));
  }
  return predictions;
};
