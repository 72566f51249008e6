import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";

/** `in_use` while an unfinished job starts from it, a model came from it, or an alias names it. */
export const deleteModel = async (deps: Deps, caller: Caller, request: { id: string }): Promise<void> => {
  const { id } = await getModel(deps, caller, request);
  await deps.catalogue.removeModel(caller.tenant, id);
  await deps.artifacts.remove(artifactKeys.model(caller.tenant, id));
  deps.engine.forget(caller.tenant, id);
};
