import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { invalidAt, orNull } from "../../../domain/errors.ts";
import { seenByBase } from "../../../domain/jobs/spec/folds/check-cross-validation.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { rowsSeed } from "../../../domain/jobs/spec/rows/rows-seed.ts";
import { labelName } from "../../../domain/jobs/spec/task-columns.ts";
import { type AnyModel, isImported, type Model } from "../../../domain/models/model.ts";
import type { Caller } from "../../admission/caller.ts";
import type { Deps } from "../../deps.ts";

/** A base that learnt from a copy of the file, under another id, has seen rows of every fold too. `invalid` with a pointer. */
export const requireUnseenFolds = async (
  { catalogue }: Pick<Deps, "catalogue">,
  { tenant }: Pick<Caller, "tenant">,
  { training }: ResolvedJobSpec,
  dataset: Dataset,
  base: AnyModel | null,
): Promise<void> => {
  if (training.crossValidation === undefined || base === null || isImported(base) || base.dataset === null) return;
  const learntFrom = await orNull(catalogue.dataset(tenant, base.dataset));
  if (learntFrom?.sha256 === dataset.sha256) throw invalidAt("/training/crossValidation", seenByBase);
};

/** Whether every row that tests here was held out from the base too: splits of one seed hold out the same rows, a smaller share some of them. */
const heldOutTwice = ({ task, training }: ResolvedJobSpec, base: Model): boolean => {
  const before = base.spec.training;
  if (base.refit !== undefined || before.crossValidation !== undefined || labelName(task) !== labelName(base.task))
    return false;
  const drawn = ({ split: { test: _, validation: __, ...split }, seed }: ResolvedJobSpec["training"]) =>
    JSON.stringify([{ ...split, seed: rowsSeed({ split, seed }) }]);
  return drawn(training) === drawn(before) && (training.split.test ?? 0) <= (before.split.test ?? 0);
};

/** A base that learnt from rows that test here makes the report too good. */
export const seenRowsWarnings = async (
  { catalogue }: Pick<Deps, "catalogue">,
  { tenant }: Pick<Caller, "tenant">,
  spec: ResolvedJobSpec,
  dataset: Dataset,
  base: AnyModel | null,
): Promise<string[]> => {
  if (base === null || isImported(base) || base.dataset === null || spec.training.split.test === 0) return [];
  const learntFrom = await orNull(catalogue.dataset(tenant, base.dataset));
  if (learntFrom?.sha256 !== dataset.sha256 || heldOutTwice(spec, base)) return [];
  return [
    `${base.id}, from which this job starts, has learnt from rows that are to test it: the report will be too good. Give it that model's seed and split (training.seed ${base.spec.training.seed}, and as it holds out rows), or other data`,
  ];
};
