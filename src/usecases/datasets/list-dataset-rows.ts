import { z } from "zod";
import { readRows } from "../../data/columns/read-rows.ts";
import type { Row } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { getDataset } from "./get-dataset.ts";

const Limit = z.object({ limit: z.int().min(1).max(limits.previewRows).default(20) });

/** The first rows as JSON cells; reads no further into the file than it needs. */
export const listDatasetRows = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; limit?: number | undefined },
): Promise<{ rows: Row[] }> => {
  const { limit } = parse(Limit, { limit: request.limit }, { base: "/query" });
  const dataset = await getDataset(deps, caller, request);
  const body = await deps.artifacts.read(artifactKeys.datasetFile(caller.tenant, dataset.id));
  try {
    return { rows: await readRows(body, limit, dataset) };
  } finally {
    body.destroy();
  }
};
