import type { Study } from "../../domain/studies/study.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

export const getStudy = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Study> =>
  (await deps.studies.get(caller.tenant, parseStudyId(request.id))).study;
