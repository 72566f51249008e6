import type { Dataset } from "../../../datasets/dataset.ts";
import type { JobSpec, ResolvedJobSpec, TaskSpec } from "../job-spec.ts";
import { isPerceptron, type ModelSpec } from "../model-spec.ts";
import type { LossSpec } from "../parts/loss-spec.ts";
import type { SplitSizes } from "../split-sizes.ts";
import { findColumn } from "../task-columns.ts";
import { calibrationFault } from "./check-calibration.ts";
import { refitFault } from "./check-refit.ts";
import { isLarge } from "./effort-spec.ts";

/** Losses that are no likelihood of the labels as they are: their probabilities are meant to be others. */
const isShifted = (loss: LossSpec): boolean =>
  ("classWeights" in loss && loss.classWeights !== undefined) || ("labelSmoothing" in loss && loss.labelSmoothing > 0);

/** Multiples of the penalty that an effort's search may try: labels without noise want less than an ordinary search goes down to. */
export const effortFactors = [1 / 256, 1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64];

/** What an effort does that the specification leaves out: a temperature where rows can tell one, and a fit of every row. */
export const withEffort = (
  spec: JobSpec,
  training: ResolvedJobSpec["training"],
  { task, model, loss, sizes }: { task: TaskSpec; model: ModelSpec; loss: LossSpec; sizes: SplitSizes },
): ResolvedJobSpec["training"] => {
  if (!isLarge(spec.effort)) return training;
  const calibrates = calibrationFault(task, model, training) === null && !isShifted(loss);
  return {
    ...training,
    calibration: training.calibration ?? (calibrates ? "temperature" : false),
    refit: training.refit ?? refitFault(training, model, sizes) === null,
  };
};

/** By what the default penalty is multiplied: the curvature of a count's likelihood, a row, is its rate, and no longer about 1. */
export const countCurvature = (
  { task, model, loss }: { task: TaskSpec; model: ModelSpec; loss: LossSpec },
  dataset: Pick<Dataset, "columns">,
): number => {
  if (loss.type !== "poisson_nll" || !isPerceptron(model) || task.type !== "regression") return 1;
  return Math.max(1, findColumn(dataset, task.label)?.mean ?? 1);
};
