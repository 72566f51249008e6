import type { Preprocessing } from "../../src/domain/models/model.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import type { FoldNumbers } from "../../src/stats/conformal/fold-coverage.ts";

/** Rows as their model takes them: for each of its inputs the numbers, row-major. A model that was trained here has one input, an ensemble of folds' models one for each of them. */
export interface Encoded {
  readonly inputs: readonly Float32Array[];
  readonly rows: number;
}

/** A loaded model: encoded rows to answers, in their order. A row's answer has the same bits whatever rows are asked with it. */
export interface Answer {
  (encoded: Encoded): Prediction[];
  /** How rows become its inputs, where that is not by the model's own preprocessing. */
  readonly encodings?: readonly Preprocessing[];
  /** The answer with what each of the models says that answer together; of counts, given what each row is of. */
  readonly withFolds?: (encoded: Encoded) => {
    predictions: Prediction[];
    numbers(exposures: Float64Array | null): FoldNumbers;
  };
}

/**
 * Rows as a loaded model takes them.
 * @param own their inputs by the model's own preprocessing
 * @param encode the same rows by another one
 */
export const encodeFor = (
  { encodings }: Answer,
  own: Float32Array,
  rows: number,
  encode: (preprocessing: Preprocessing) => Float32Array,
): Encoded => ({ inputs: encodings === undefined ? [own] : encodings.map(encode), rows });
