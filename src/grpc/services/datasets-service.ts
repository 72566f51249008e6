import { Readable } from "node:stream";
import { invalidAt } from "../../domain/errors.ts";
import { withProgressLimit } from "../../usecases/admission/progress-limit.ts";
import { deleteDataset } from "../../usecases/datasets/delete-dataset.ts";
import { getDataset } from "../../usecases/datasets/get-dataset.ts";
import { getDatasetFile } from "../../usecases/datasets/get-dataset-file.ts";
import { getDatasetImage } from "../../usecases/datasets/get-dataset-image.ts";
import { listDatasetRows } from "../../usecases/datasets/list-dataset-rows.ts";
import { listDatasets } from "../../usecases/datasets/list-datasets.ts";
import { updateDataset } from "../../usecases/datasets/update-dataset.ts";
import { uploadDataset } from "../../usecases/datasets/upload-dataset.ts";
import { clientStream, serverStream, unary, type Wiring } from "../call.ts";
import { encodeDataset, encodeDatasets, encodeRows, fromType } from "../dataset-messages.ts";
import { toChunks } from "../downloading.ts";
import type {
  DatasetsServiceServer,
  UpdateDatasetRequest,
  UploadDatasetRequest,
} from "../generated/descent/v1/datasets.ts";
import { bytesOf, chunksOf, readHeader } from "../uploading.ts";

const formats = ["csv", "ndjson", "parquet", "images"] as const;

const formatOf = (format: string | undefined): (typeof formats)[number] | undefined => {
  const known = formats.find((name) => name === format);
  if (known !== undefined || format === undefined) return known;
  const choices = formats.map((name) => `"${name}"`).join(", ");
  const detail = `${JSON.stringify(format.slice(0, 50))} is no format; choose one of ${choices}, or leave it out for a table`;
  throw invalidAt("/query/format", detail);
};

/** An unspecified type is one to be inferred again; a message without types changes none. */
const fromUpdate = ({ name, types, labels }: Omit<UpdateDatasetRequest, "id">) => ({
  name,
  types:
    Object.keys(types).length === 0
      ? undefined
      : Object.fromEntries(Object.entries(types).map(([column, type]) => [column, type === 0 ? null : fromType(type)])),
  labels: labels?.values,
});

export const createDatasetsService = (wiring: Wiring): DatasetsServiceServer => {
  const { deps } = wiring;
  return {
    uploadDataset: clientStream(wiring, "uploadDataset", async (caller, call, gone) => {
      const messages = withProgressLimit<UploadDatasetRequest>(call, bytesOf);
      const { types, format, ...header } = await readHeader(messages);
      const stated = Object.fromEntries(Object.entries(types).map(([column, type]) => [column, fromType(type)]));
      const body = Readable.from(chunksOf(messages), { objectMode: false });
      const typed = Object.keys(stated).length === 0 ? header : { ...header, types: stated };
      return encodeDataset(await uploadDataset(deps, caller, { ...typed, format: formatOf(format), body, gone }));
    }),
    listDatasets: unary(wiring, "listDatasets", async (caller, request) =>
      encodeDatasets(await listDatasets(deps, caller, request)),
    ),
    getDataset: unary(wiring, "getDataset", async (caller, { id }) =>
      encodeDataset(await getDataset(deps, caller, { id })),
    ),
    listDatasetRows: unary(wiring, "listDatasetRows", async (caller, request) =>
      encodeRows(await listDatasetRows(deps, caller, request)),
    ),
    getDatasetImage: unary(wiring, "getDatasetImage", async (caller, { id, row }) => ({
      png: (await getDatasetImage(deps, caller, { id, row })).png,
    })),
    getDatasetFile: serverStream(wiring, "getDatasetFile", async (caller, { id }) =>
      toChunks((await getDatasetFile(deps, caller, { id })).body),
    ),
    updateDataset: unary(wiring, "updateDataset", async (caller, { id, ...request }) =>
      encodeDataset(await updateDataset(deps, caller, { id, body: fromUpdate(request) })),
    ),
    deleteDataset: unary(wiring, "deleteDataset", async (caller, { id }) => {
      await deleteDataset(deps, caller, { id });
      return {};
    }),
  };
};
