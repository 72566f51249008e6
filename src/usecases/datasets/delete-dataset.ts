import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import { parseDatasetId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { removeFiles } from "../upkeep/remove-files.ts";

/** `in_use` while an unfinished job or a model refers to it. The record goes first, and with it the note of what is left to do. */
export const deleteDataset = async (deps: Deps, caller: Caller, request: { id: string }): Promise<void> => {
  const id = parseDatasetId(request.id);
  await deps.catalogue.removeDataset(caller.tenant, id);
  await removeFiles(deps, caller.tenant, artifactKeys.dataset(caller.tenant, id));
};
