import type { Readable } from "node:stream";
import type { AnyModel } from "../../domain/models/model.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";

/** The weights as a safetensors file. The caller must read the stream or destroy it. */
export const getModelWeights = async (
  deps: Deps,
  caller: Caller,
  request: { id: string },
): Promise<{ model: AnyModel; body: Readable }> => {
  const model = await getModel(deps, caller, request);
  const digestHex = model.digest.replace(/^sha256:/, "");
  return { model, body: await deps.artifacts.read(artifactKeys.weights(caller.tenant, model.id, digestHex)) };
};
