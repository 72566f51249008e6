import { textOfDays } from "../../src/data/columns/instant.ts";
import { assert } from "../../src/domain/errors.ts";
import type { Preprocessing } from "../../src/domain/models/model.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";

/**
 * An autoencoder's outputs in the words of the data set: numbers back on their own scale, the likeliest category.
 * `error` is the mean squared error over the inputs, in their standardised units.
 */
export const decodeReconstructions = (
  { features, inputs: width }: Preprocessing,
  inputs: Float32Array,
  outputs: Float32Array,
): Prediction[] => {
  const predictions: Prediction[] = [];
  for (let start = 0; start < outputs.length; start += width) {
    const reconstruction: [string, number | string][] = [];
    let at = start;
    for (const feature of features) {
      if (feature.type === "number") {
        reconstruction.push([feature.column, outputs[at]! * feature.scale + feature.mean]);
        at += 1;
      } else if (feature.type === "datetime") {
        const days = outputs[at]! * feature.scale + feature.mean;
        reconstruction.push([feature.column, textOfDays(days)]);
        at += 1 + 2 * feature.cycles.length;
      } else {
        assert(feature.type === "category", "images and texts are not reconstructed");
        const scores = outputs.subarray(at, at + feature.categories.length);
        reconstruction.push([feature.column, feature.categories[scores.indexOf(Math.max(...scores))] ?? ""]);
        at += feature.categories.length;
      }
      if (feature.missingIndicator) at += 1;
    }
    let squares = 0;
    for (let index = start; index < start + width; index++) squares += (outputs[index]! - inputs[index]!) ** 2;
    predictions.push({ reconstruction: Object.fromEntries(reconstruction), error: squares / width });
  }
  return predictions;
};
