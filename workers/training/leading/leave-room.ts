import type { BaseModel } from "../../../src/data/preprocessing/data-shape.ts";
import { bytesBesideFits } from "../../../src/data/splits/beside-fits.ts";
import { fitsOf } from "../../../src/data/splits/fits.ts";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { isFoldEnsemble } from "../../../src/domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { NetworkDescription } from "../../../src/domain/models/network.ts";
import { planSpec } from "../../planning/plan-spec.ts";

/** A job of several fits: of the memory that was admitted each may have what is not for what is kept beside them, as they were planned. */
export const leaveRoomBeside = (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  base: BaseModel | null,
  network: NetworkDescription | null,
): ResolvedJobSpec => {
  const fits = fitsOf(spec, dataset, base);
  // Only models that are kept are counted in weights.
  const parameters = isFoldEnsemble(spec) ? planSpec(fits[0]!.spec, fits[0]!.shape, network).parameters : 0;
  const memoryBytes = spec.resources.memoryBytes - bytesBesideFits(fits, parameters);
  return { ...spec, resources: { ...spec.resources, memoryBytes: Math.max(1, memoryBytes) } };
};
