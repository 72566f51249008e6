import type { ResolvedJobSpec, TaskSpec } from "../job-spec.ts";
import type { ModelSpec } from "../model-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";

/** Whether the rows that a temperature is chosen by are those that folds hold out: none else are. Members of an ensemble are averaged behind their logits, and what folds have said tells no temperature of these. */
export const isCalibratedByFolds = (
  model: ModelSpec,
  {
    split,
    penaltySearch,
    crossValidation,
  }: Pick<ResolvedJobSpec["training"], "split" | "penaltySearch" | "crossValidation">,
): boolean =>
  crossValidation?.model === "all_rows" && split.validation === 0 && !penaltySearch && model.type !== "ensemble";

/** Why no temperature can be chosen; null: one can. */
export const calibrationFault = (
  task: TaskSpec,
  model: ModelSpec,
  training: Pick<ResolvedJobSpec["training"], "solver" | "split" | "penaltySearch" | "crossValidation">,
): string | null => {
  const { solver, split, penaltySearch } = training;
  if (task.type !== "classification") return "a temperature is of the probabilities of classes; leave it out";
  if (solver === "exact")
    return 'a model that is solved exactly has no rows to choose a temperature by; leave it out, or set training.solver to "iterative" and give split.validation a share';
  if (model.type === "network") return "the output layer of an imported network is not always linear; leave it out";
  if (split.validation > 0 || penaltySearch || isCalibratedByFolds(model, training)) return null;
  return "no rows are held out to choose a temperature by; give split.validation a share, or leave it out";
};

export const checkCalibration = (
  task: TaskSpec,
  model: ModelSpec,
  training: ResolvedJobSpec["training"],
  errors: SpecErrors,
): void => {
  const fault = training.calibration === "temperature" ? calibrationFault(task, model, training) : null;
  if (fault !== null) errors.add("/training/calibration", fault);
};
