import { type AnyModel, isImported } from "../../../models/model.ts";
import type { JobSpec } from "../job-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";

const isNetwork = (base: AnyModel | null): boolean =>
  base !== null && (isImported(base) || base.spec.model.type === "network");

/** Unfreezing goes forward within the epochs, and nothing is asked of a base that is not there. */
export const checkFineTuning = (spec: JobSpec, base: AnyModel | null, errors: SpecErrors): void => {
  const { training, model } = spec;
  if (model?.type === "network" && !isNetwork(base)) {
    errors.add(
      "/model/type",
      '"network" is the network of an imported base; name one as /base/model, or choose another',
    );
  }
  const { unfreeze = [], freeze = [] } = spec.base ?? {};
  for (const [i, { afterEpochs }] of unfreeze.entries()) {
    const pointer = `/base/unfreeze/${i}/afterEpochs`;
    const before = unfreeze[i - 1];
    if (before !== undefined && afterEpochs <= before.afterEpochs)
      errors.add(pointer, `must be more than the ${before.afterEpochs} before it`);
    if (training.epochs !== undefined && afterEpochs >= training.epochs)
      errors.add(pointer, `the training has ${training.epochs} epochs, so nothing would be unfrozen; choose fewer`);
  }
  if (unfreeze.length > 0 && freeze.length === 0)
    errors.add("/base/unfreeze", "nothing is frozen; say in /base/freeze what is, or leave this out");
  if (training.penaltySearch && (unfreeze.length > 0 || training.microBatch !== undefined)) {
    const detail = "its trials know neither unfreezing nor microBatch; set it to false, or leave those out";
    errors.add("/training/penaltySearch", detail);
  }
};
