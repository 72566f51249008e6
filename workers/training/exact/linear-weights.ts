import { featureWidth } from "../../../src/data/preprocessing/data-shape.ts";
import { isStraight, type Preprocessing } from "../../../src/domain/models/model.ts";
import type { ExactModel } from "../../../src/engine/exact/exact-plan.ts";
import { exp64, sigmoid64 } from "../../../src/engine/kernels/math64.ts";
import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";

/** A linear model's weights in float64, in the units that its inputs are in. */
export interface LinearWeights {
  readonly inputs: number;
  readonly outputs: number;
  /** inputs × outputs, row-major. */
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** The weights of all inputs from the coefficients of some, contrast by contrast; a softmax's contrasts with its first class become weights that add up to 0. */
export const weightsFrom = (
  coefficients: Float64Array,
  columns: Int32Array,
  { inputs, outputs }: { inputs: number; outputs: number },
): LinearWeights => {
  const width = columns.length;
  const contrasts = coefficients.length / width;
  const weight = new Float64Array(inputs * outputs);
  const bias = new Float64Array(outputs);
  for (const [j, input] of columns.entries()) {
    const own = Float64Array.from({ length: outputs }, (_, k) => {
      const contrast = k - (outputs - contrasts);
      return contrast < 0 ? 0 : coefficients[contrast * width + j]!;
    });
    const center = outputs === 1 ? 0 : own.reduce((sum, value) => sum + value, 0) / outputs;
    for (let k = 0; k < outputs; k++) {
      if (input < 0) bias[k] = own[k]! - center;
      else weight[input * outputs + k] = own[k]! - center;
    }
  }
  return { inputs, outputs, weight, bias };
};

/** Models of one output beside a first one, as one model of several. */
export const withFurther = (first: LinearWeights, further: readonly LinearWeights[]): LinearWeights => {
  if (further.length === 0) return first;
  const all = [first, ...further];
  const { inputs } = first;
  const outputs = all.length;
  const weight = new Float64Array(inputs * outputs);
  for (const [k, own] of all.entries()) for (let i = 0; i < inputs; i++) weight[i * outputs + k] = own.weight[i]!;
  return { inputs, outputs, weight, bias: Float64Array.from(all, ({ bias }) => bias[0]!) };
};

/** The weights behind standardised inputs, of a standardised label: what the stored model has. `standardised`: the inputs were already; else they may have been shifted. */
export const forNetwork = (
  { inputs, outputs, weight, bias }: LinearWeights,
  { features, label }: Preprocessing,
  { standardised, shifts }: { standardised: boolean; shifts: Float64Array | null },
): LinearWeights => {
  const [w, b] = [Float64Array.from(weight), Float64Array.from(bias)];
  let input = 0;
  for (const feature of features) {
    if (isStraight(feature) && !standardised)
      for (let k = 0; k < outputs; k++) {
        const own = w[input * outputs + k]!;
        b[k]! += own * (feature.mean - (shifts?.[input] ?? 0));
        w[input * outputs + k] = own * feature.scale;
      }
    input += featureWidth(feature);
  }
  if (label.type === "number") {
    for (let k = 0; k < outputs; k++) b[k] = (b[k]! - label.mean) / label.scale;
    for (let i = 0; i < w.length; i++) w[i]! /= label.scale;
  }
  return { inputs, outputs, weight: w, bias: b };
};

/** Linear predictors of the row whose inputs begin at `start`, into `out`. */
export const predictorsOf = (
  { inputs, outputs, weight, bias }: LinearWeights,
  values: ArrayLike<number>,
  start: number,
  out: Float64Array,
): void => {
  for (let k = 0; k < outputs; k++) out[k] = bias[k]!;
  for (let i = 0; i < inputs; i++) {
    const x = values[start + i]!;
    if (x === 0) continue;
    for (let k = 0; k < outputs; k++) out[k]! += x * weight[i * outputs + k]!;
  }
};

/** From linear predictors to what a network of the model would say: probabilities, a rate or mean, or the value. In place. */
export const respond = (model: ExactModel, out: Float64Array): void => {
  if (model === "poisson" || model === "gamma" || model === "negative_binomial") out[0] = exp64(out[0]!);
  if (model === "logistic") out[0] = sigmoid64(out[0]!);
  if (model !== "softmax") return;
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < out.length; k++) top = Math.max(top, out[k]!);
  let total = 0;
  for (let k = 0; k < out.length; k++) {
    out[k] = exp64(out[k]! - top);
    total += out[k]!;
  }
  for (let k = 0; k < out.length; k++) out[k]! /= total;
};

/** As the model keeps them. */
export const toTensors = ({ inputs, outputs, weight, bias }: LinearWeights): Tensor[] => [
  { name: "output.weight", dtype: "F32", shape: [inputs, outputs], data: Float32Array.from(weight) },
  { name: "output.bias", dtype: "F32", shape: [outputs], data: Float32Array.from(bias) },
];
