import type { Readable } from "node:stream";
import { z } from "zod";
import { ColumnTypes, type Dataset, DecimalMark, Delimiter } from "../../domain/datasets/dataset.ts";
import type { DatasetId, TenantId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { plainDialect } from "../../formats/csv/csv-dialect.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { incompleteUpload, requireStillRoom, roomFor, uploadFailure } from "../admission/room.ts";
import type { Deps } from "../deps.ts";
import { removeFiles } from "../upkeep/remove-files.ts";
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
 * Streams a CSV file into the artifact store while profiling it, then records it, then publishes the manifest: a data set that is
 * seen is whole, and what has a manifest was recorded. On any failure nothing is left, except when Redis did not answer whether it
 * has recorded the data set: then either it is there, whole, or the sweep removes the file. `invalid_csv` names line and column.
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
  let reached: Reached = "file";
  try {
    const { written, profile } = await storeAndProfile(deps.artifacts, {
      key: artifactKeys.datasetFile(caller.tenant, id),
      ...{ body, limitBytes: room.limitBytes, types, dialect },
    });
    // The stream of a cancelled gRPC call ends like a whole one: only the signal tells that half a file is not the file.
    if (gone?.aborted === true) throw incompleteUpload();
    await requireStillRoom(deps, caller.tenant);
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
    reached = "asked";
    await deps.catalogue.addDataset(caller.tenant, dataset);
    reached = "recorded";
    await deps.artifacts.write(artifactKeys.datasetManifest(caller.tenant, id), Buffer.from(JSON.stringify(dataset)));
    return dataset;
  } catch (error) {
    await withdraw(deps, caller.tenant, id, reached).catch((cause: unknown) => {
      const upload = { tenant: caller.tenant, dataset: id, err: cause };
      deps.log.error(upload, "the rest of a failed upload could not be removed; the sweep will");
    });
    throw uploadFailure(error, room, deps);
  }
};

/** How far an upload came: its file is being written, Redis was asked to record it, Redis has recorded it. */
type Reached = "file" | "asked" | "recorded";

/** Takes back what a failed upload left. What was asked of Redis may still come true, so its file stays until that is known. */
const withdraw = async (deps: Deps, tenant: TenantId, id: DatasetId, reached: Reached): Promise<void> => {
  if (reached === "asked") return;
  if (reached === "recorded") await deps.catalogue.removeDataset(tenant, id);
  await removeFiles(deps, tenant, artifactKeys.dataset(tenant, id));
};
