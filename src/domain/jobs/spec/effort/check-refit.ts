import type { JobSpec } from "../job-spec.ts";
import type { ModelSpec } from "../model-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import type { SplitSizes } from "../split-sizes.ts";

/** Why a refit makes no sense; null: the model is measured on rows that it may then learn from as well. */
export const refitFault = (
  { crossValidation }: Pick<JobSpec["training"], "crossValidation">,
  model: ModelSpec,
  { validation, test }: SplitSizes,
): string | null => {
  if (model.type === "k_means" || model.type === "gaussian_mixture")
    return "clusters and mixtures have no held-out figure that a refit would follow; leave it out";
  if (crossValidation !== undefined)
    return "the model of a cross-validation is fitted to all rows already; leave one of the two out";
  if (validation + test > 0) return null;
  return "the split sets no rows aside, so that the first fit is of every row already; leave it out, or give training.split.test a share";
};

export const checkRefit = (
  training: Pick<JobSpec["training"], "crossValidation" | "refit">,
  model: ModelSpec,
  sizes: SplitSizes,
  errors: SpecErrors,
): void => {
  const fault = training.refit === true ? refitFault(training, model, sizes) : null;
  if (fault !== null) errors.add("/training/refit", fault);
};
