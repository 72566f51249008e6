import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import { parseDatasetId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

/** `in_use` while an unfinished job or a model refers to it. The index goes first: a file without an entry is only waste. */
export const deleteDataset = async (deps: Deps, caller: Caller, request: { id: string }): Promise<void> => {
  const id = parseDatasetId(request.id);
  await deps.catalogue.removeDataset(caller.tenant, id);
  await deps.artifacts.remove(artifactKeys.dataset(caller.tenant, id));
};
