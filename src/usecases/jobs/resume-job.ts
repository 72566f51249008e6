import type { Job } from "../../domain/jobs/job.ts";
import { poolOf } from "../../domain/jobs/pool.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { enqueueJob } from "./queue-entry.ts";

/** Idempotent. A paused job goes back to the queue and on from its checkpoint, one that is pausing goes on; `forbidden_transition` from another state. */
export const resumeJob = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Job> => {
  const { job, place } = await deps.jobs.requestResume(caller.tenant, parseJobId(request.id), deps.now().toISOString());
  if (job.state === "queued") await enqueueJob(deps, caller.tenant, job, { place, pool: poolOf(job.spec.resources) });
  return job;
};
