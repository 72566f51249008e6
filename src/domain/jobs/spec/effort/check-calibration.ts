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

/** More classes have too few rows each to fit a curve to. */
const mostCurves = 100;

/** Why no curves can be fitted; null: they can. */
const isotonicFault = (
  task: TaskSpec,
  { solver, split, crossValidation }: ResolvedJobSpec["training"],
  classes: number,
): string | null => {
  if (task.type !== "classification") return "a calibration is of the probabilities of classes; leave it out";
  if (solver === "exact")
    return 'a model that is solved exactly has no rows to calibrate by; leave it out, or set training.solver to "iterative"';
  if (crossValidation?.model === "folds")
    return "the folds' models are averaged, and their mean is not calibrated by the validation rows of each; leave it out";
  if (classes > mostCurves)
    return `curves are of at most ${mostCurves} classes, and these are ${classes}; take "temperature"`;
  return split.validation > 0
    ? null
    : 'curves are fitted to validation rows, and there are none; give split.validation a share, take "temperature", or leave it out';
};

export const checkCalibration = (
  task: TaskSpec,
  { model, classes }: { model: ModelSpec; classes: number },
  training: ResolvedJobSpec["training"],
  errors: SpecErrors,
): void => {
  const { calibration } = training;
  const faults = {
    temperature: () => calibrationFault(task, model, training),
    isotonic: () => isotonicFault(task, training, classes),
  };
  const fault = calibration ? faults[calibration]() : null;
  if (fault !== null) errors.add("/training/calibration", fault);
};
