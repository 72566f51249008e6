import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { z } from "zod";
import { readRows } from "../../data/columns/read-rows.ts";
import type { Dataset, Row } from "../../domain/datasets/dataset.ts";
import { invalidAt } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { checkFile, openVerified, readVerified } from "../../store/artifacts/verified.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { unlessDeleted } from "../models/unless-deleted.ts";
import { getDataset } from "./get-dataset.ts";

const Parameters = z.object({
  limit: z.int().min(1).max(limits.previewRows).default(20),
  pageToken: z.string().max(100).optional(),
  imageSide: z.int().min(1).max(limits.imageSide).optional(),
});

export interface DatasetRowsRequest {
  id: string;
  limit?: number | undefined;
  pageToken?: string | undefined;
  imageSide?: number | undefined;
}

export interface DatasetRowsPage {
  rows: Row[];
  nextPageToken: string | null;
}

/** Files up to this size are held against their digest for a preview; of a larger one no more is read than its rows. */
const CHECKED_BYTES = 8 * 1024 ** 2;

/** A token is the offset of a row, and a digest of it with the data set's, so that neither another's nor a changed one is taken. */
const toToken = ({ sha256 }: Dataset, offset: number): string => {
  const digest = createHash("sha256").update(`${sha256}/${offset}`).digest("base64url").slice(0, 16);
  return Buffer.from(`${offset}/${digest}`).toString("base64url");
};

const fromToken = (dataset: Dataset, token: string): number => {
  const offset = Number(Buffer.from(token, "base64url").toString("latin1").split("/")[0]);
  if (toToken(dataset, offset) === token) return offset;
  const detail = "is not a token of this data set; pass nextPageToken of the page before";
  throw invalidAt("/query/pageToken", detail);
};

/**
 * Rows as JSON cells, from the first on or those after a page. `corrupt` if the file is missing, or seen not to be what was uploaded.
 * Images no larger than `imageSide`, or as they are.
 */
export const listDatasetRows = async (
  deps: Deps,
  caller: Caller,
  { id, ...stated }: DatasetRowsRequest,
): Promise<DatasetRowsPage> => {
  const page = parse(Parameters, { ...stated, pageToken: stated.pageToken || undefined }, { base: "/query" });
  const dataset = await getDataset(deps, caller, { id });
  const from = page.pageToken === undefined ? undefined : fromToken(dataset, page.pageToken);
  const key = artifactKeys.datasetFile(caller.tenant, dataset.id, dataset.format);
  const what = `the file of ${dataset.id}`;
  const open = async (): Promise<AsyncIterable<Uint8Array>> => {
    if (dataset.bytes > CHECKED_BYTES)
      return from === undefined
        ? openVerified(deps.artifacts, key, checkFile(dataset), what)
        : deps.artifacts.read(key, { start: from, end: dataset.bytes });
    const file = await readVerified(deps.artifacts, key, checkFile(dataset), what);
    return Readable.from([file.subarray(from ?? 0)]);
  };
  return unlessDeleted(
    () => getDataset(deps, caller, { id }),
    async () => {
      const { rows, next } = await readRows(await open(), { ...page, from }, dataset);
      return { rows, nextPageToken: next === null ? null : toToken(dataset, next) };
    },
  );
};
