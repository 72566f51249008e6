import { ServiceError } from "../domain/errors.ts";
import type { AnyModel } from "../domain/models/model.ts";
import type { Caller } from "../usecases/admission/caller.ts";
import type { Deps } from "../usecases/deps.ts";
import { getModel } from "../usecases/models/get-model.ts";
import { readVersion } from "../usecases/service-version.ts";
import { inputsOf, outputsOf, type TensorMetadata } from "./infer.ts";

/** A model by id or alias; with a version the one of its name that has it. */
export const namedModel = async (deps: Deps, caller: Caller, name: string, version: string): Promise<AnyModel> => {
  const model = await getModel(deps, caller, { id: name });
  if (version === "" || version === versionOf(model)) return model;
  const wanted = /^[1-9]\d{0,14}$/.test(version) ? Number(version) : null;
  const [sibling] = wanted === null ? [] : await deps.catalogue.versions(caller.tenant, model.name, wanted);
  if (sibling === undefined)
    throw new ServiceError("not_found", `there is no version ${version.slice(0, 20)} of ${model.name}`);
  return getModel(deps, caller, { id: sibling.model });
};

export const versionOf = (model: AnyModel): string => String(model.version ?? 1);

export const serverMetadata = { name: "descent", version: readVersion(), extensions: ["binary_tensor_data"] };

export const modelMetadata = async (
  deps: Deps,
  caller: Caller,
  name: string,
  version: string,
): Promise<{
  name: string;
  versions: string[];
  platform: string;
  inputs: TensorMetadata[];
  outputs: TensorMetadata[];
}> => {
  const model = await namedModel(deps, caller, name, version);
  const versions = (await deps.catalogue.versions(caller.tenant, model.name, null)).map((each) => String(each.version));
  return {
    ...{ name, versions: versions.length === 0 ? [versionOf(model)] : versions, platform: "descent" },
    ...{ inputs: inputsOf(model), outputs: outputsOf(model) },
  };
};
