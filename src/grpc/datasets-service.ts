import { Readable } from "node:stream";
import { withProgressLimit } from "../usecases/admission/progress-limit.ts";
import { deleteDataset } from "../usecases/datasets/delete-dataset.ts";
import { getDataset } from "../usecases/datasets/get-dataset.ts";
import { listDatasetRows } from "../usecases/datasets/list-dataset-rows.ts";
import { listDatasets } from "../usecases/datasets/list-datasets.ts";
import { uploadDataset } from "../usecases/datasets/upload-dataset.ts";
import { clientStream, unary, type Wiring } from "./call.ts";
import { encodeDataset, encodeDatasets, encodeRows, fromType } from "./dataset-messages.ts";
import type { DatasetsServiceServer, UploadDatasetRequest } from "./generated/descent/v1/datasets.ts";
import { bytesOf, chunksOf, readHeader } from "./uploading.ts";

export const createDatasetsService = (wiring: Wiring): DatasetsServiceServer => {
  const { deps } = wiring;
  return {
    uploadDataset: clientStream(wiring, "uploadDataset", async (caller, call, gone) => {
      const messages = withProgressLimit<UploadDatasetRequest>(call, bytesOf);
      const { types, ...header } = await readHeader(messages);
      const stated = Object.fromEntries(Object.entries(types).map(([column, type]) => [column, fromType(type)]));
      const body = Readable.from(chunksOf(messages), { objectMode: false });
      return encodeDataset(await uploadDataset(deps, caller, { ...header, types: stated, body, gone }));
    }),
    listDatasets: unary(wiring, "listDatasets", async (caller, request) =>
      encodeDatasets(await listDatasets(deps, caller, request)),
    ),
    getDataset: unary(wiring, "getDataset", async (caller, { id }) =>
      encodeDataset(await getDataset(deps, caller, { id })),
    ),
    listDatasetRows: unary(wiring, "listDatasetRows", async (caller, request) =>
      encodeRows((await listDatasetRows(deps, caller, request)).rows),
    ),
    deleteDataset: unary(wiring, "deleteDataset", async (caller, { id }) => {
      await deleteDataset(deps, caller, { id });
      return {};
    }),
  };
};
