import type { Readable } from "node:stream";
import { z } from "zod";
import { ColumnTypes, type Dataset, DecimalMark, Delimiter } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import { plainDialect } from "../../formats/csv/csv-dialect.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { incompleteUpload, roomFor, uploadFailure } from "../admission/room.ts";
import type { Deps } from "../deps.ts";
import { storeAndProfile } from "./store-and-profile.ts";

const Parameters = z.object({
  name: z.string().min(1).max(limits.nameLength).default("untitled"),
  types: ColumnTypes.default({}),
  delimiter: z.preprocess((value) => (value === "tab" ? "\t" : value), Delimiter.default(plainDialect.delimiter)),
  decimal: DecimalMark.default(plainDialect.decimal),
});

/** What the user says of the file; unchecked. */
interface Stated {
  name?: string | undefined;
  types?: unknown;
  delimiter?: string | undefined;
  decimal?: string | undefined;
}

/**
 * Streams a CSV file into the artifact store while profiling it, then publishes the manifest, then the index entry: a data
 * set that is seen is whole. On any failure nothing is left. `invalid_csv` names line and column.
 */
export const uploadDataset = async (
  deps: Deps,
  caller: Caller,
  { body, gone, ...stated }: Stated & { body: Readable; gone?: AbortSignal },
): Promise<Dataset> => {
  const { name, types, ...dialect } = parse(Parameters, stated, {
    base: "/query",
    most: { keys: limits.columns, parts: 2 },
  });
  // A gigabyte is not read before finding out that it cannot be recorded.
  await deps.jobs.ping();
  const room = await roomFor(deps, caller.tenant, limits.datasetBytes);
  const id = deps.createId("ds");
  try {
    const { written, profile } = await storeAndProfile(deps.artifacts, {
      key: artifactKeys.datasetFile(caller.tenant, id),
      ...{ body, limitBytes: room.limitBytes, types, dialect },
    });
    // The stream of a cancelled gRPC call ends like a whole one: only the signal tells that half a file is not the file.
    if (gone?.aborted === true) throw incompleteUpload();
    const dataset: Dataset = {
      id,
      name,
      format: "csv",
      ...dialect,
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
    throw uploadFailure(error, room, deps);
  }
};
