import { Readable } from "node:stream";
import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Job } from "../../domain/jobs/job.ts";
import { eventFileName, eventRecord, versionRecord } from "../../formats/event-files/event-file.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { hyperParametersOf } from "./hyper-parameters.ts";
import { jobEvents, startOf } from "./job-events.ts";

async function* fileOf(deps: Deps, tenant: TenantId, job: Job): AsyncGenerator<Uint8Array, void, void> {
  yield versionRecord(startOf(job));
  for await (const event of jobEvents(deps, tenant, job, hyperParametersOf(job.spec))) yield eventRecord(event);
}

/** A job's curves and hyper-parameters, as far as they are recorded, as an event file of TensorBoard. The caller must read the stream or destroy it. */
export const getJobEventFile = async (
  deps: Deps,
  caller: Caller,
  request: { id: string },
): Promise<{ name: string; body: Readable }> => {
  const job = await deps.jobs.get(caller.tenant, parseJobId(request.id));
  if (job.prediction !== undefined)
    throw new ServiceError("not_found", `${job.id} predicts a data set; only jobs that train have curves`);
  return {
    name: eventFileName(startOf(job), job.id),
    body: Readable.from(fileOf(deps, caller.tenant, job), { objectMode: false }),
  };
};
