import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { removeFiles } from "../upkeep/remove-files.ts";

/** Removes a finished study's record and trials; its jobs and models stay. An unfinished one must be cancelled first. */
export const deleteStudy = async (deps: Deps, caller: Caller, request: { id: string }): Promise<void> => {
  const id = parseStudyId(request.id);
  await deps.studies.remove(caller.tenant, id);
  await removeFiles(deps, caller.tenant, artifactKeys.study(caller.tenant, id));
};
