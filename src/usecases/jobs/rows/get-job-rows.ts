import type { Readable } from "node:stream";
import { rowsCsv } from "../../../data/splits/rows-csv.ts";
import { ServiceError } from "../../../domain/errors.ts";
import type { Job } from "../../../domain/jobs/job.ts";
import { artifactKeys } from "../../../store/artifacts/artifact-store.ts";
import { checkFile, openVerified } from "../../../store/artifacts/verified.ts";
import { datasetOfJob } from "../../../store/dataset-version.ts";
import type { Caller } from "../../admission/caller.ts";
import { parseJobId } from "../../admission/resource-id.ts";
import type { Deps } from "../../deps.ts";
import { unlessDeleted } from "../../models/unless-deleted.ts";
import { countedDataset } from "../planning/counted-dataset.ts";

/**
 * Which rows of its data set a job trains, validates and tests on, as CSV: a function of the specification and the file, so it can be asked before the job has
 * run. The caller must read the stream or destroy it; it breaks off if the file is not what was uploaded. `not_found` once the data set is deleted.
 */
export const getJobRows = async (
  deps: Deps,
  caller: Caller,
  request: { id: string },
): Promise<{ job: Job; body: Readable }> => {
  const job = await deps.jobs.get(caller.tenant, parseJobId(request.id));
  if (job.prediction !== undefined)
    throw new ServiceError("not_found", `${job.id} predicts every row of its data set, and splits none off`);
  const read = () => datasetOfJob(deps, caller.tenant, job);
  const stored = await read();
  return unlessDeleted(read, async () => {
    const dataset = await countedDataset(deps, caller, job.spec, stored);
    const key = artifactKeys.datasetFile(caller.tenant, dataset.id, dataset.format);
    const file = await openVerified(deps.artifacts, key, checkFile(dataset), `the file of ${dataset.id}`);
    return { job, body: rowsCsv(job.spec, dataset, () => file) };
  });
};
