import type { Model } from "../../../models/model.ts";
import type { ResolvedJobSpec } from "../job-spec.ts";
import { rowsSeed } from "../rows/rows-seed.ts";
import { labelName } from "../task-columns.ts";

/** Whether the rows that a model was measured on were held out from its own weights: those of a refit and of a cross-validation have learnt from them in the end. */
export const isMeasuredItself = ({ refit, spec: { training } }: Pick<Model, "refit" | "spec">): boolean =>
  refit === undefined && training.crossValidation === undefined;

type Drawn = Pick<ResolvedJobSpec, "task" | "training">;

/** Whether every row that tests a job was held out from a model's weights too: splits of one seed hold out the same rows, a smaller share some of them. */
export const heldOutTwice = ({ task, training }: Drawn, model: Model): boolean => {
  const before = model.spec.training;
  if (!isMeasuredItself(model) || labelName(task) !== labelName(model.task)) return false;
  const drawn = ({ split: { test: _, validation: __, ...split }, seed }: ResolvedJobSpec["training"]) =>
    JSON.stringify([{ ...split, seed: rowsSeed({ split, seed }) }]);
  return drawn(training) === drawn(before) && (training.split.test ?? 0) <= (before.split.test ?? 0);
};
