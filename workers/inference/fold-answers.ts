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

/** What is averaged: probabilities, or values on the label's own scale. */
const numbersOf = ({ label, outputs: width }: Preprocessing, outputs: Float32Array): Float64Array => {
  if (label.type !== "number") return Float64Array.from(outputs);
  return Float64Array.from(
    { length: outputs.length / width },
    (_, row) => label.mean + label.scale * outputs[row * width]!,
  );
};

/**
 * The ensemble of folds' models: each is asked about the rows as its own preprocessing has them, and the mean is the answer. One predictor serves all: their
 * weights take turns in its memory.
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
    if (label.type === "number") return Array.from(mean, (value): Prediction => ({ value }));
    return decodeOutputs(preprocessing, mean);
  };
  const apart = (said: readonly Float64Array[], exposures: Float64Array | null): FoldNumbers => {
    if (label.type !== "classes") return { width: 1, folds: said.map((rates) => countsOf(rates, exposures)) };
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
