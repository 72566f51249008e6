import { Readable } from "node:stream";
import type { Dataset } from "../domain/datasets/dataset.ts";
import { ServiceError } from "../domain/errors.ts";
import { withProgressLimit } from "../usecases/admission/progress-limit.ts";
import { deleteDataset } from "../usecases/datasets/delete-dataset.ts";
import { getDataset } from "../usecases/datasets/get-dataset.ts";
import { listDatasetRows } from "../usecases/datasets/list-dataset-rows.ts";
import { listDatasets } from "../usecases/datasets/list-datasets.ts";
import { uploadDataset } from "../usecases/datasets/upload-dataset.ts";
import { clientStream, unary, type Wiring } from "./call.ts";
import { fromType, toDataset } from "./dataset-messages.ts";
import { Undecodable } from "./decoding.ts";
import type { DatasetsServiceServer, UploadDatasetRequest, UploadHeader } from "./generated/descent/v1/datasets.ts";

type Messages = AsyncGenerator<UploadDatasetRequest, void, void>;

const readHeader = async (messages: Messages): Promise<UploadHeader> => {
  const first = await messages.next();
  if (first.value instanceof Undecodable) throw new ServiceError("malformed", first.value.detail);
  if (first.done === true || first.value.part?.$case !== "header") {
    throw new ServiceError("malformed", "the first message of an upload must be its header");
  }
  return first.value.part.value;
};

const formatOf = (format: string | undefined): Dataset["format"] => {
  if (format === undefined || format === "csv" || format === "images") return format ?? "csv";
  const detail = `${JSON.stringify(format.slice(0, 50))} is no format; choose "csv" or "images"`;
  throw new ServiceError("invalid", `/query/format: ${detail}`, { errors: [{ pointer: "/query/format", detail }] });
};

async function* chunksOf(messages: Messages): AsyncGenerator<Uint8Array, void, void> {
  for await (const message of messages) {
    if (message instanceof Undecodable) throw new ServiceError("malformed", message.detail);
    if (message.part?.$case !== "chunk")
      throw new ServiceError("malformed", "after its header an upload has only chunks");
    if (message.part.value.length > 0) yield message.part.value;
  }
}

export const createDatasetsService = (wiring: Wiring): DatasetsServiceServer => {
  const { deps } = wiring;
  return {
    uploadDataset: clientStream(wiring, "uploadDataset", async (caller, call, gone) => {
      const messages = withProgressLimit<UploadDatasetRequest>(call);
      const { types, format, ...header } = await readHeader(messages);
      const stated = Object.fromEntries(Object.entries(types).map(([column, type]) => [column, fromType(type)]));
      const body = Readable.from(chunksOf(messages), { objectMode: false });
      const typed = Object.keys(stated).length === 0 ? header : { ...header, types: stated };
      return toDataset(await uploadDataset(deps, caller, { ...typed, format: formatOf(format), body, gone }));
    }),
    listDatasets: unary(wiring, "listDatasets", async (caller, request) => {
      const { items, nextPageToken } = await listDatasets(deps, caller, request);
      return { items: items.map(toDataset), nextPageToken: nextPageToken ?? undefined };
    }),
    getDataset: unary(wiring, "getDataset", async (caller, { id }) =>
      toDataset(await getDataset(deps, caller, { id })),
    ),
    listDatasetRows: unary(wiring, "listDatasetRows", (caller, request) => listDatasetRows(deps, caller, request)),
    deleteDataset: unary(wiring, "deleteDataset", async (caller, { id }) => {
      await deleteDataset(deps, caller, { id });
      return {};
    }),
  };
};
