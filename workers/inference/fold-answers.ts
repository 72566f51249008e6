import { decodeOutputs } from "../../src/data/preprocessing/decode-outputs.ts";
import { countsOf } from "../../src/data/preprocessing/encoders/exposure-cell.ts";
import { assert } from "../../src/domain/errors.ts";
import type { Preprocessing } from "../../src/domain/models/model.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import type { Predictor } from "../../src/engine/train/predictor.ts";
import type { FoldContent } from "../../src/exporting/export-model.ts";
import type { FoldNumbers } from "../../src/stats/conformal/fold-coverage.ts";
import type { Answer, Encoded } from "./answer.ts";

/** The mean of numbers that the same predictor says with the weights of each fold, one after another; computed in double precision, in the order of the folds. */
const means = (said: readonly Float64Array[]): Float64Array =>
  said[0]!.map((_, i) => said.reduce((sum, own) => sum + own[i]!, 0) / said.length);

/** A value, and where the model predicts them its lower and upper quantile. */
const widthOfValues = ({ outputs }: Preprocessing): 1 | 3 => (outputs === 3 ? 3 : 1);

/** What is averaged: probabilities, or values on the label's own scale, with their quantiles. */
const numbersOf = (preprocessing: Preprocessing, outputs: Float32Array): Float64Array => {
  if (preprocessing.label.type !== "number") return Float64Array.from(outputs);
  const said = decodeOutputs(preprocessing, outputs);
  const width = widthOfValues(preprocessing);
  const numbers = new Float64Array(said.length * width);
  for (const [row, each] of said.entries()) {
    assert("value" in each, "numbers are predicted");
    const { value, quantiles } = each;
    numbers.set(quantiles === undefined ? [value] : [value, quantiles.lower, quantiles.upper], row * width);
  }
  return numbers;
};

const valuesOf = (numbers: Float64Array, width: 1 | 3): Prediction[] =>
  Array.from({ length: numbers.length / width }, (_, row): Prediction => {
    const [value, lower, upper] = numbers.subarray(row * width, (row + 1) * width);
    if (lower === undefined || upper === undefined) return { value: value! };
    return { value: value!, quantiles: { lower, upper } };
  });

/**
 * The ensemble of models that were measured (those of folds, or the one before a refit): each is asked about the rows as its own preprocessing has them, and the mean is the answer, of quantiles that of each.
 * One predictor serves all: their weights take turns in its memory.
 * @param predictor loaded with any of them
 */
export const createFoldAnswer = (
  preprocessing: Preprocessing,
  models: readonly FoldContent[],
  predictor: Predictor,
): Answer => {
  const { label } = preprocessing;
  const saidOf = ({ inputs }: Encoded): Float64Array[] =>
    models.map((model, i) => {
      const own = inputs[i];
      assert(own !== undefined, "rows are encoded for each fold's model");
      predictor.load(model.weights);
      return numbersOf(model.preprocessing, predictor.predict(own));
    });
  const together = (each: readonly Float64Array[]): Prediction[] => {
    const mean = means(each);
    if (label.type === "number") return valuesOf(mean, widthOfValues(preprocessing));
    return decodeOutputs(preprocessing, mean);
  };
  const apart = (said: readonly Float64Array[], exposures: Float64Array | null): FoldNumbers => {
    if (label.type !== "classes")
      return { width: widthOfValues(preprocessing), folds: said.map((rates) => countsOf(rates, exposures)) };
    if (preprocessing.outputs > 1) return { width: preprocessing.outputs, folds: said };
    // One output is the probability of the second of two classes.
    return {
      width: 2,
      folds: said.map((own) =>
        Float64Array.from({ length: 2 * own.length }, (_, i) => (i % 2 === 1 ? own[i >> 1]! : 1 - own[i >> 1]!)),
      ),
    };
  };
  const withFolds: NonNullable<Answer["withFolds"]> = (encoded) => {
    const said = saidOf(encoded);
    return { predictions: together(said), numbers: (exposures) => apart(said, exposures) };
  };
  const answer = (encoded: Encoded): Prediction[] => together(saidOf(encoded));
  return Object.assign(answer, { encodings: models.map((model) => model.preprocessing), withFolds });
};
