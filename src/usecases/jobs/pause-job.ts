import type { Job } from "../../domain/jobs/job.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { dequeueJob } from "./queue-entry.ts";

/** Idempotent. A running job writes a checkpoint first; a waiting one leaves the queue. `forbidden_transition` when the job's state does not allow it. */
export const pauseJob = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Job> => {
  const job = await deps.jobs.requestPause(caller.tenant, parseJobId(request.id), deps.now().toISOString());
  if (job.state === "paused") await dequeueJob(deps, caller.tenant, job);
  return job;
};
