import { Readable } from "node:stream";
import type { Dataset } from "../../domain/datasets/dataset.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { checkFile, openVerified } from "../../store/artifacts/verified.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { unlessDeleted } from "../models/unless-deleted.ts";
import { getDataset } from "./get-dataset.ts";

/** A data set's file as it is stored. The caller must read the stream or destroy it; it never ends well with other bytes than were written. */
export const getDatasetFile = async (
  deps: Deps,
  caller: Caller,
  request: { id: string },
): Promise<{ dataset: Dataset; body: Readable }> => {
  const dataset = await getDataset(deps, caller, request);
  const key = artifactKeys.datasetFile(caller.tenant, dataset.id, dataset.format);
  const open = async (): Promise<Readable> =>
    Readable.from(await openVerified(deps.artifacts, key, checkFile(dataset), `the file of ${dataset.id}`), {
      objectMode: false,
    });
  return { dataset, body: await unlessDeleted(() => getDataset(deps, caller, request), open) };
};
