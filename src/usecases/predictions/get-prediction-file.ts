import { Readable } from "node:stream";
import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Job } from "../../domain/jobs/job.ts";
import { type PredictionBlock, PredictionIndexFile } from "../../domain/jobs/prediction-job.ts";
import { type ArtifactStore, artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { checkFile, corrupt, openVerified, readVerified } from "../../store/artifacts/verified.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { toCsv } from "./predictions-csv.ts";

export type PredictionFormat = "csv" | "ndjson";

/** Block after block; each breaks off with `corrupt` if it is not what was written. */
async function* readBlocks(
  artifacts: ArtifactStore,
  tenant: TenantId,
  { id }: Job,
  blocks: readonly PredictionBlock[],
): AsyncGenerator<Uint8Array, void, void> {
  for (const [i, block] of blocks.entries()) {
    const key = artifactKeys.predictionBlock(tenant, id, i);
    yield* await openVerified(artifacts, key, checkFile(block), `block ${i} of the predictions of ${id}`);
  }
}

/**
 * The answers of a job that predicted a data set, a row for each of its rows: NDJSON as it is stored, or CSV made of it on the way. The caller must read the stream
 * or destroy it. `forbidden_transition` while the job has not succeeded.
 */
export const getPredictionFile = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; format: PredictionFormat },
): Promise<{ job: Job; body: Readable; bytes: number | null; etag: string }> => {
  const job = await deps.jobs.get(caller.tenant, parseJobId(request.id));
  if (job.prediction === undefined) throw new ServiceError("not_found", `${job.id} trains; it has no predictions`);
  const { result } = job.prediction;
  if (result === null)
    throw new ServiceError(
      "forbidden_transition",
      `The prediction is ${job.state}; its file is there once it has succeeded`,
    );
  const what = `the list of the predictions of ${job.id}`;
  const key = artifactKeys.predictionIndex(caller.tenant, job.id);
  const index = await readVerified(deps.artifacts, key, checkFile(result.index), what);
  const parsed = PredictionIndexFile.safeParse(JSON.parse(Buffer.from(index).toString()));
  if (!parsed.success) throw corrupt(what, "cannot be read", parsed.error);
  const lines = readBlocks(deps.artifacts, caller.tenant, job, parsed.data.blocks);
  const isCsv = request.format === "csv";
  return {
    job,
    body: Readable.from(isCsv ? toCsv(lines) : lines, { objectMode: false }),
    bytes: isCsv ? null : result.bytes,
    etag: `"${result.index.sha256.slice(0, 32)}-${request.format}"`,
  };
};
