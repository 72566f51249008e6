import { assert } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import { isLinearModel } from "../../src/domain/jobs/spec/linear/solver.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { backgroundFileOf, type ModelFile, weightsOf } from "../../src/store/artifacts/model-files.ts";
import { corrupt, readVerified } from "../../src/store/artifacts/verified.ts";
import { decodeStored } from "../training/stored-tensors.ts";
import type { Background } from "./explain-rows.ts";
import type { Loaded } from "./loaded-models.ts";

const readTensors = async (
  artifacts: ArtifactStore,
  { key, check, what }: ModelFile,
): Promise<(name: string) => Tensor["data"]> => {
  const { tensors } = decodeStored(await readVerified(artifacts, key, check, what), what);
  return (name) => {
    const found = tensors.find((tensor) => tensor.name === name);
    if (found === undefined) throw corrupt(what, `has no tensor "${name}"`);
    return found.data;
  };
};

/** What the model keeps for explaining its answers. `bytes`: of it. */
export const loadBackground = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: Model,
): Promise<Loaded<Background>> => {
  const file = backgroundFileOf(tenant, model);
  assert(file !== null, "a model that can be explained keeps training rows");
  const kept = await readTensors(artifacts, file);
  const rows = Float32Array.from(kept("rows") as Float32Array);
  if (!isLinearModel(model.spec.model)) return { value: { rows, linear: null }, bytes: rows.byteLength };
  const weights = await readTensors(artifacts, weightsOf(tenant, model));
  const [weight, bias] = ["output.weight", "output.bias"].map((name) =>
    Float32Array.from(weights(name) as Float32Array),
  );
  const means = Float64Array.from(kept("means") as Float64Array);
  const [count] = kept("count") as Float64Array;
  const linear = { weight: weight!, bias: bias!, means, count: count! };
  return { value: { rows, linear }, bytes: rows.byteLength + weight!.byteLength + means.byteLength };
};
