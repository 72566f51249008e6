import { PassThrough, Readable } from "node:stream";
import { z } from "zod";
import { profileCsv } from "../data/profile-csv.ts";
import { ColumnTypes, type Dataset } from "../domain/dataset.ts";
import { ServiceError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { artifactKeys } from "../store/artifact-store.ts";
import type { Caller } from "./caller.ts";
import type { Deps } from "./deps.ts";
import { parse } from "./parse.ts";

const Parameters = z.object({
  name: z.string().min(1).max(limits.nameLength).default("untitled"),
  types: ColumnTypes.default({}),
});

/** Resolves when the stream can take more, or can take nothing any more. */
const writable = (stream: PassThrough): Promise<void> =>
  new Promise((resolve) => {
    const settle = () => {
      for (const event of ["drain", "close", "error"] as const) stream.off(event, settle);
      resolve();
    };
    for (const event of ["drain", "close", "error"] as const) stream.on(event, settle);
  });

/** Passes the source on and writes the same bytes to `copy`, at the pace of the slower reader. */
async function* copying(source: Readable, copy: PassThrough): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of source) {
      if (copy.destroyed) return;
      if (!copy.write(chunk)) await writable(copy);
      yield chunk;
    }
    copy.end();
  } catch (error) {
    copy.destroy(error as Error);
    throw error;
  }
}

/** Stores and profiles in one pass over the stream. The first of the two to fail stops the other, and its reason is the answer. */
const storeAndProfile = async (deps: Deps, key: string, body: Readable, types: z.infer<typeof ColumnTypes>) => {
  const copy = new PassThrough();
  const original = Readable.from(copying(body, copy));
  const failures: unknown[] = [];
  const stop = (error: unknown): never => {
    failures.push(error);
    const cause = error instanceof Error ? error : new Error(String(error));
    copy.destroy(cause);
    original.destroy(cause);
    throw error;
  };
  const [written, profile] = await Promise.allSettled([
    deps.artifacts.write(key, original, { limitBytes: limits.datasetBytes }).catch(stop),
    profileCsv(copy, { types }).catch(stop),
  ]);
  if (written.status === "rejected" || profile.status === "rejected") throw failures[0];
  return { written: written.value, profile: profile.value };
};

/**
 * Streams a CSV file into the artifact store while profiling it, then publishes the manifest, then the index entry: a data
 * set that is seen is whole. On any failure nothing is left. `invalid_csv` names line and column.
 */
export const uploadDataset = async (
  deps: Deps,
  caller: Caller,
  request: { name?: string | undefined; types?: unknown; body: Readable },
): Promise<Dataset> => {
  const { name, types } = parse(Parameters, { name: request.name, types: request.types }, "/query");
  // A gigabyte is not read before finding out that it cannot be recorded.
  await deps.jobs.ping();
  const id = deps.createId("ds");
  try {
    const { written, profile } = await storeAndProfile(
      deps,
      artifactKeys.datasetFile(caller.tenant, id),
      request.body,
      types,
    );
    const dataset: Dataset = {
      id,
      name,
      format: "csv",
      bytes: written.bytes,
      sha256: written.sha256,
      rows: profile.rows,
      columns: profile.columns,
      createdAt: deps.now().toISOString(),
    };
    await deps.artifacts.write(artifactKeys.datasetManifest(caller.tenant, id), Buffer.from(JSON.stringify(dataset)));
    await deps.catalogue.addDataset(caller.tenant, dataset);
    return dataset;
  } catch (error) {
    await deps.artifacts.remove(artifactKeys.dataset(caller.tenant, id)).catch((cause: unknown) => {
      deps.log.error(
        { tenant: caller.tenant, dataset: id, err: cause },
        "the rest of a failed upload could not be removed",
      );
    });
    if (error instanceof ServiceError || !isAbort(error)) throw error;
    throw new ServiceError("malformed", "the upload ended before the whole file had arrived", { cause: error });
  }
};

const isAbort = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  ["ECONNRESET", "ABORT_ERR", "ERR_STREAM_PREMATURE_CLOSE"].includes(String(error.code));
