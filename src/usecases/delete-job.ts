import { artifactKeys } from "../store/artifact-store.ts";
import type { Caller } from "./caller.ts";
import type { Deps } from "./deps.ts";
import { removeFiles } from "./remove-files.ts";
import { parseJobId } from "./resource-id.ts";

/** Removes a finished job's record and checkpoints; its model stays. An unfinished one must be cancelled first. */
export const deleteJob = async (deps: Deps, caller: Caller, request: { id: string }): Promise<void> => {
  const id = parseJobId(request.id);
  await deps.jobs.remove(caller.tenant, id);
  await removeFiles(deps, caller.tenant, artifactKeys.job(caller.tenant, id));
};
