import { ModelId } from "../../domain/ids.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { removeFiles } from "../upkeep/remove-files.ts";
import { getModel } from "./get-model.ts";

/** `in_use` while an unfinished job starts from it, a model came from it, or an alias names it. */
export const deleteModel = async (deps: Deps, caller: Caller, request: { id: string }): Promise<void> => {
  // An id is not looked up: of a deletion that was cut short there is no record any more, only what is left to do.
  const isId = ModelId.safeParse(request.id).success;
  const id = isId ? request.id : (await getModel(deps, caller, request)).id;
  await deps.catalogue.removeModel(caller.tenant, id);
  deps.engine.forget(caller.tenant, id);
  await removeFiles(deps, caller.tenant, artifactKeys.model(caller.tenant, id));
};
