import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { invalidAt } from "../../../domain/errors.ts";
import { heldOutTwice, isMeasuredItself } from "../../../domain/jobs/spec/base/base-rows.ts";
import { seenByBase } from "../../../domain/jobs/spec/folds/check-cross-validation.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import type { AnyModel, Model } from "../../../domain/models/model.ts";
import { baseRows, learntFrom } from "../../../store/learnt-from.ts";
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
  if (training.crossValidation === undefined || base === null) return;
  const learnt = await learntFrom(catalogue, tenant, base, dataset);
  if (learnt.length > 0) throw invalidAt("/training/crossValidation", seenByBase);
};

/** What makes the report one of rows that no weights have learnt from. */
const remedyOf = (task: ResolvedJobSpec["task"], learnt: readonly Model[]): string => {
  const fitted = learnt.filter((model) => !isMeasuredItself(model)).map(({ id }) => id);
  if (fitted.length > 0)
    return `No seed and no split helps: ${fitted.join(", ")} learnt in the end from the rows that it was measured on, too (a refit, an effort or a cross-validation). Start from a model without that (training.refit false), or give it another file, of other rows`;
  const shareOf = ({ spec }: Model): number => spec.training.split.test ?? 0;
  const least = learnt.reduce((a, b) => (shareOf(b) < shareOf(a) ? b : a));
  const { training } = least.spec;
  if (training.split.test !== 0 && learnt.every((model) => heldOutTwice({ task, training }, model)))
    return `Give it the seed and split of ${least.id} (training.seed ${training.seed}, and as it holds out rows), or another file, of other rows`;
  return "No seed and no split helps: what it started from held out no rows, other rows, or by another label. Give it another file, of other rows";
};

/** A base that learnt from rows that test here makes the report too good. */
export const seenRowsWarnings = async (
  { catalogue }: Pick<Deps, "catalogue">,
  { tenant }: Pick<Caller, "tenant">,
  spec: ResolvedJobSpec,
  dataset: Dataset,
  base: AnyModel | null,
): Promise<string[]> => {
  const { learnt, seen } = await baseRows(catalogue, tenant, spec, dataset, base);
  if (base === null || !seen) return [];
  return [
    `${base.id}, from which this job starts, has learnt from rows that are to test it: the report will be too good. ${remedyOf(spec.task, learnt)}`,
  ];
};
