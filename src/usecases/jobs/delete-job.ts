import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { removeFiles } from "../upkeep/remove-files.ts";

/** Removes a finished job's record and checkpoints; its model stays. An unfinished one must be cancelled first. */
export const deleteJob = async (deps: Deps, caller: Caller, request: { id: string }): Promise<void> => {
  const id = parseJobId(request.id);
  await deps.jobs.remove(caller.tenant, id);
  await removeFiles(deps, caller.tenant, artifactKeys.job(caller.tenant, id));
};
