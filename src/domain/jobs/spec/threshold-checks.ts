import type { Dataset } from "../../datasets/dataset.ts";
import type { JobSpec, ResolvedSplitSpec, TaskSpec } from "./job-spec.ts";
import type { SpecErrors } from "./spec-errors.ts";
import { countClasses } from "./task-columns.ts";

/** Whether the task asks for a threshold that is to be chosen. */
export const choosesThreshold = (task: TaskSpec): boolean =>
  task.type === "classification" && typeof task.threshold === "object";

/** A threshold parts two classes, and is chosen on rows that the fit has not seen and the report is not about. */
export const checkThreshold = (
  { task, training }: Pick<JobSpec, "task" | "training">,
  { validation }: Pick<ResolvedSplitSpec, "validation">,
  dataset: Dataset,
  errors: SpecErrors,
): void => {
  if (task.type !== "classification" || task.threshold === undefined) return;
  const classes = countClasses(task, dataset);
  if (classes !== 2) {
    const detail = `a threshold parts two classes, and ${JSON.stringify(task.label)} has ${classes}; leave it out`;
    errors.add("/task/threshold", detail);
    return;
  }
  if (typeof task.threshold === "number") return;
  if (training.crossValidation !== undefined)
    errors.add(
      "/task/threshold",
      "no threshold is chosen in a cross-validation; give a number, or leave one of the two out",
    );
  else if (validation === 0) {
    const remedy = "set training.split.validation, or give a number";
    errors.add("/task/threshold", `a threshold is chosen on validation rows, and there are none; ${remedy}`);
  }
};
