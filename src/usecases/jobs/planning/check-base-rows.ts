import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { invalidAt, orNull } from "../../../domain/errors.ts";
import { seenByBase } from "../../../domain/jobs/spec/folds/check-cross-validation.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { type AnyModel, isImported } from "../../../domain/models/model.ts";
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
