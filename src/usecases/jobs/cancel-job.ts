import type { Job } from "../../domain/jobs/job.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { dequeueJob } from "./queue-entry.ts";

/** Idempotent. A running job stops at its next step; a waiting one at once. `forbidden_transition` when the job's state does not allow it. */
export const cancelJob = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Job> => {
  const job = await deps.jobs.requestCancel(caller.tenant, parseJobId(request.id), deps.now().toISOString());
  if (job.state === "cancelled") await dequeueJob(deps, caller.tenant, job);
  return job;
};
