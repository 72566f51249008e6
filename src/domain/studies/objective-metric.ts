import { CrossValidation } from "../jobs/spec/folds/cross-validation-spec.ts";
import type { ObjectiveMetric, ResolvedStudySpec } from "./study-spec.ts";

type CrossValidated = Pick<ResolvedStudySpec, "job" | "objective">;

/** The folds that trials are compared by; undefined: by the validation split. */
export const foldsOf = ({ job }: Pick<CrossValidated, "job">) => job.training?.crossValidation;

/** Trainings of each trial; studies of earlier versions do not say. */
export const seedsOf = ({ seeds }: { seeds?: number | undefined }): number => seeds ?? 1;

/** Of how many results a trial's value is the mean: folds, or trainings with several seeds. */
export const resultsOf = (spec: { job: { training?: unknown }; seeds?: number | undefined }): number => {
  const { crossValidation } = (spec.job.training ?? {}) as { crossValidation?: unknown };
  if (crossValidation === undefined) return seedsOf(spec);
  const { folds, repeats } = CrossValidation.parse(crossValidation);
  return folds * repeats;
};

const outOfFold: Record<ObjectiveMetric, string> = {
  validationLoss: "outOfFoldLoss",
  validationAccuracy: "outOfFoldAccuracy",
  validationR2: "outOfFoldR2",
  validationMeanSquaredError: "outOfFoldMeanSquaredError",
  validationRootMeanSquaredError: "outOfFoldRootMeanSquaredError",
};

/** What the objective is called among a trial's metrics: under a cross-validation the rows that validate are those held out. */
export const objectiveMetricOf = (spec: CrossValidated): string =>
  foldsOf(spec) === undefined ? spec.objective.metric : outOfFold[spec.objective.metric];
