import type { NetworkDescription } from "../../src/domain/models/network.ts";
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
  { base, spec, tenant }: Pick<RunOrder, "base" | "spec" | "tenant">,
  network: NetworkDescription | null,
): Promise<Map<string, Float32Array> | null> => {
  if (base === null) return null;
  const { key, what } = weightsOf(tenant, base);
  const file = await patiently(() => readVerified(artifacts, key, weightsOf(tenant, base).check, what));
  const { tensors } = decodeStored(file, what);
  const weights = new Map<string, Float32Array>();
  const isHead = (name: string): boolean =>
    network === null ? name.startsWith("output.") : name === network.head?.weight || name === network.head?.bias;
  for (const tensor of tensors) {
    const head = isHead(tensor.name);
    if (tensor.dtype === "F32" && !(head && spec.base?.newHead === true)) weights.set(tensor.name, tensor.data);
  }
  return weights;
};
