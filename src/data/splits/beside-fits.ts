import { isFoldEnsemble } from "../../domain/jobs/spec/folds/cross-validation-spec.ts";
import type { Fit } from "./fits.ts";

const pageBytes = 65_536;
/** What is kept of a held-out row beside its probabilities or its value: truth (twice of numbers), place, group, losses and what simpler models say. */
const numbersOfRow = 10;
/** Of a row that a point of a learning curve is measured on: its loss and its score. */
const numbersOfPoint = 2;

const inPages = (bytes: number): number => Math.ceil(bytes / pageBytes) * pageBytes;

/** All that the folds, or the measured fits, say of the rows held out, which checkpoints and the report are made of. */
const answersBytes = (fits: readonly Fit[]): number => {
  const numbers = fits.reduce((sum, { spec, heldOut, shape, isPart }) => {
    if (isPart) return sum + shape.testRows * numbersOfPoint;
    if (heldOut === null && spec.training.refit !== true) return sum;
    return sum + (shape.testRows || shape.validationRows) * (Math.max(2, shape.outputs) + numbersOfRow);
  }, 0);
  return inPages(8 * numbers);
};

/**
 * Bytes of what a job of several fits holds beside the memory that they compute in, one after another: what was said of the rows held out, and the weights of all
 * folds' models where they are the job's model together. None of a single fit.
 * @param parameters of one model
 */
export const bytesBesideFits = (fits: readonly Fit[], parameters: number): number => {
  if (fits.length === 1) return 0;
  return answersBytes(fits) + (isFoldEnsemble(fits[0]!.spec) ? inPages(4 * fits.length * parameters) : 0);
};
