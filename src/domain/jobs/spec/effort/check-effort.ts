import type { JobSpec, TaskSpec } from "../job-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { isLarge } from "./effort-spec.ts";

/** What more work is for: labels of a table, learnt from the beginning. */
export const checkEffort = (
  { effort, base }: Pick<JobSpec, "effort" | "base">,
  task: TaskSpec,
  hasImages: boolean,
  errors: SpecErrors,
): void => {
  if (!isLarge(effort)) return;
  const add = (detail: string): void => errors.add("/effort", detail);
  if (task.type !== "classification" && task.type !== "regression")
    add(`"${effort}" is of classifications and regressions; leave it out`);
  else if (base !== undefined)
    add(`"${effort}" chooses the networks, and a base brings its own; leave one of the two out, or set training.refit`);
  else if (hasImages) add(`"${effort}" is of tables; leave it out, and state the model and its epochs`);
};
