import { Readable } from "node:stream";
import { z } from "zod";
import { readRows } from "../../data/columns/read-rows.ts";
import type { Row } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { checkFile, openVerified, readVerified } from "../../store/artifacts/verified.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { unlessDeleted } from "../models/unless-deleted.ts";
import { getDataset } from "./get-dataset.ts";

const Limit = z.object({ limit: z.int().min(1).max(limits.previewRows).default(20) });

/** Files up to this size are held against their digest for a preview; of a larger one no more is read than its first rows. */
const CHECKED_BYTES = 8 * 1024 ** 2;

/** The first rows as JSON cells. `corrupt` if the file is missing, or seen not to be what was uploaded. */
export const listDatasetRows = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; limit?: number | undefined },
): Promise<{ rows: Row[] }> => {
  const { limit } = parse(Limit, { limit: request.limit }, { base: "/query" });
  const dataset = await getDataset(deps, caller, request);
  const key = artifactKeys.datasetFile(caller.tenant, dataset.id, dataset.format);
  const what = `the file of ${dataset.id}`;
  const open = async (): Promise<AsyncIterable<Uint8Array>> =>
    dataset.bytes <= CHECKED_BYTES
      ? Readable.from([await readVerified(deps.artifacts, key, checkFile(dataset), what)])
      : openVerified(deps.artifacts, key, checkFile(dataset), what);
  return unlessDeleted(
    () => getDataset(deps, caller, request),
    async () => ({ rows: await readRows(await open(), limit, dataset) }),
  );
};
