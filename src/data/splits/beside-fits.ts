import { isFoldEnsemble } from "../../domain/jobs/spec/folds/cross-validation-spec.ts";
import { limits } from "../../domain/limits.ts";
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

/** Of one model's weights. */
export const weightBytes = (parameters: number): number => 4 * parameters;

/**
 * How many models that were measured stay beside the one that the job leaves, since its promises of coverage are theirs: the one before a refit, or the folds' of the first repeat where no test rows are set aside
 * for good. None where they would be too large.
 */
export const modelsBeside = (fits: readonly Fit[], parameters: number): number => {
  const { spec, shape } = fits.at(-1)!;
  const { crossValidation, refit } = spec.training;
  if (spec.task.type !== "classification" && spec.task.type !== "regression") return 0;
  // Validation rows have chosen something, and are fewer. Isotonic curves are each fit's own, which the fold's model has not with it.
  const known = shape.validationRows > 0 && spec.training.calibration === "isotonic";
  const unmeasured = crossValidation?.model === "all_rows" && shape.testRows === 0 && !known;
  const models = refit === true ? 1 : unmeasured ? crossValidation.folds : 0;
  return models * weightBytes(parameters) <= limits.measuredBytes ? models : 0;
};

/** Whether there would be such models were they smaller. */
export const isTooLargeBeside = (fits: readonly Fit[], parameters: number): boolean =>
  modelsBeside(fits, parameters) === 0 && modelsBeside(fits, 0) > 0;

/**
 * Bytes of what a job of several fits holds beside the memory that they compute in, one after another: what was said of the rows held out, and the weights of all
 * models that are kept: the folds' where they are the job's model together, and those that stay beside it. None of a single fit.
 * @param parameters of one model
 */
export const bytesBesideFits = (fits: readonly Fit[], parameters: number): number => {
  if (fits.length === 1) return 0;
  const models = isFoldEnsemble(fits[0]!.spec) ? fits.length : modelsBeside(fits, parameters);
  return answersBytes(fits) + inPages(models * weightBytes(parameters));
};
