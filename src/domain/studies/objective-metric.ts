import type { ObjectiveMetric, ResolvedStudySpec } from "./study-spec.ts";

type CrossValidated = Pick<ResolvedStudySpec, "job" | "objective">;

/** The folds that trials are compared by; undefined: by the validation split. */
export const foldsOf = ({ job }: Pick<CrossValidated, "job">) => job.training?.crossValidation;

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
