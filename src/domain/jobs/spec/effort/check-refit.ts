import type { JobSpec } from "../job-spec.ts";
import type { ModelSpec } from "../model-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import type { SplitSizes } from "../split-sizes.ts";

/** A refit is of a model that is measured on rows which it then learns from as well. */
export const checkRefit = (
  { training }: Pick<JobSpec, "training">,
  model: ModelSpec,
  { validation, test }: SplitSizes,
  errors: SpecErrors,
): void => {
  if (training.refit !== true) return;
  const add = (detail: string): void => errors.add("/training/refit", detail);
  if (model.type === "k_means" || model.type === "gaussian_mixture")
    add("clusters and mixtures have no held-out figure that a refit would follow; leave it out");
  else if (training.crossValidation !== undefined)
    add("the model of a cross-validation is fitted to all rows already; leave one of the two out");
  else if (validation + test === 0)
    add(
      "the split sets no rows aside, so that the first fit is of every row already; leave it out, or give training.split.test a share",
    );
};
