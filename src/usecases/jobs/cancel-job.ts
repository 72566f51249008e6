import type { TenantId } from "../../domain/ids.ts";
import type { Job } from "../../domain/jobs/job.ts";
import { publishJob } from "../../store/job-files.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { dequeueJob } from "./queue-entry.ts";

/** No trainer ends it, and so nobody else writes its files soon. The record is final: what fails here is the sweep's. */
const publish = async (deps: Deps, tenant: TenantId, job: Job): Promise<void> => {
  try {
    await publishJob(deps, tenant, job.id, job);
  } catch (error) {
    deps.log.warn(
      { tenant, job: job.id, err: error },
      "the cancelled job's files could not be written; the sweep will do it",
    );
  }
};

/** Idempotent. A running job stops at its next step; a waiting one at once. `forbidden_transition` when the job's state does not allow it. */
export const cancelJob = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Job> => {
  const job = await deps.jobs.requestCancel(caller.tenant, parseJobId(request.id), deps.now().toISOString());
  if (job.state === "cancelled") {
    await dequeueJob(deps, caller.tenant, job);
    await publish(deps, caller.tenant, job);
  }
  return job;
};
