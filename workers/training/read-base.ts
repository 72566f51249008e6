import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { weightsOf } from "../../src/store/artifacts/model-files.ts";
import { readVerified } from "../../src/store/artifacts/verified.ts";
import type { RunOrder } from "../engine/protocol.ts";
import { patiently } from "./store-retry.ts";
import { decodeStored } from "./stored-tensors.ts";

/**
 * The base model's tensors by name; a new head's are left out, so that they start afresh. `corrupt` if they are not what was written.
 */
export const readBase = async (
  artifacts: ArtifactStore,
  order: RunOrder,
): Promise<Map<string, Float32Array> | null> => {
  const { base, spec, tenant } = order;
  if (base === null) return null;
  const { key, what } = weightsOf(tenant, base);
  const file = await patiently(() => readVerified(artifacts, key, weightsOf(tenant, base).check, what));
  const { tensors } = decodeStored(file, what);
  const weights = new Map<string, Float32Array>();
  for (const tensor of tensors) {
    const head = tensor.name.startsWith("output.");
    if (tensor.dtype === "F32" && !(head && spec.base?.newHead === true)) weights.set(tensor.name, tensor.data);
  }
  return weights;
};
