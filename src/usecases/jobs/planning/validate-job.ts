import type { Plan } from "../../../domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import type { Caller } from "../../admission/caller.ts";
import type { Deps } from "../../deps.ts";
import { planJob } from "./plan-job.ts";

/** Everything that submitJob checks, and the spec and plan it would record; nothing is stored. */
export const validateJob = async (
  deps: Deps,
  caller: Caller,
  request: { spec: unknown },
): Promise<{ spec: ResolvedJobSpec; plan: Plan }> => {
  const { spec, plan } = await planJob(deps, caller, request.spec);
  return { spec, plan };
};
