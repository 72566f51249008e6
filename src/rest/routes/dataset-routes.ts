import type { Readable } from "node:stream";
import { Dataset, UpdateDatasetRequest } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { deleteDataset } from "../../usecases/datasets/delete-dataset.ts";
import { getDataset } from "../../usecases/datasets/get-dataset.ts";
import { getDatasetFile } from "../../usecases/datasets/get-dataset-file.ts";
import { getDatasetImage } from "../../usecases/datasets/get-dataset-image.ts";
import { listDatasetRows } from "../../usecases/datasets/list-dataset-rows.ts";
import { listDatasets } from "../../usecases/datasets/list-datasets.ts";
import { updateDataset } from "../../usecases/datasets/update-dataset.ts";
import { uploadDataset } from "../../usecases/datasets/upload-dataset.ts";
import {
  BinaryFile,
  DatasetPage,
  DatasetRows,
  IdParams,
  NoQuery,
  PageQuery,
  RowParams,
  RowsQuery,
  UploadQuery,
} from "../openapi/schemas.ts";
import { reprDigest } from "./entity-tag.ts";
import { defineRoute, json, noContent, type RestRoute } from "./route.ts";

const tag = "datasets";

/** What a Content-Type says of a file; `text/csv` may be any table, which its first bytes tell. */
const formats = {
  "application/zip": "images",
  "application/x-tar": "images",
  "application/gzip": "gzip",
  "application/x-ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "application/vnd.apache.parquet": "parquet",
} as const;

const formatOf = (type: string) => (Object.hasOwn(formats, type) ? formats[type as keyof typeof formats] : undefined);

const parseTypes = (text: string | undefined): unknown => {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = `must be JSON such as {"zip":"category"}: ${(cause as Error).message.slice(0, 200)}`;
    throw new ServiceError("invalid", `/query/types: ${detail}`, {
      errors: [{ pointer: "/query/types", detail }],
      cause,
    });
  }
};

export const datasetRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["uploadDataset"],
    method: "POST",
    url: "/v1/datasets",
    tag,
    description:
      "The body is the file, streamed. Images: an archive (zip, tar or tar.gz) with a folder for each label, with a CSV file of their paths, labels and other columns, or of IDX files as MNIST has them. PNG, JPEG and WebP files are decoded once, upright, to pixels of 8 bits in one size; the columns are `label` or those of the table, and `image`. A table: CSV with a header, JSON Lines (`application/x-ndjson`, nested objects by dotted names) or Parquet (`application/vnd.apache.parquet`), as it is or compressed with gzip (zstd where the server's Node has it), which its first bytes tell as well as `Content-Encoding`; its limit holds for what comes out. It is kept as CSV in UTF-8. Types are inferred from the whole file unless stated. A malformed file is refused with its place, and nothing of it stays.",
    query: UploadQuery,
    body: {
      contentType: "text/csv",
      otherTypes: Object.keys(formats),
      schema: BinaryFile,
    },
    responses: { 201: json("The data set, with its columns and statistics", Dataset, { Location: "its URL" }) },
    errors: [
      "invalid_csv",
      "malformed",
      "unprocessable",
      "timed_out",
      "too_large",
      "unsupported_media_type",
      "quota_exceeded",
    ],
    bodyLimitBytes: limits.tableBytes,
    upload: true,
    handle: async ({ deps, caller, query, body, gone, request, reply }) => {
      const types = parseTypes(query.types);
      if (body === undefined)
        throw new ServiceError(
          "malformed",
          "the body must be the file, sent with Content-Type: text/csv (a table), application/x-ndjson, application/vnd.apache.parquet or application/zip (images)",
        );
      const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
      const dataset = await uploadDataset(deps, caller, {
        ...{ ...query, types },
        format: formatOf(type),
        ...{ body: body as Readable, gone },
      });
      reply.code(201).header("location", `/v1/datasets/${dataset.id}`);
      return dataset;
    },
  }),
  defineRoute({
    operations: ["listDatasets"],
    method: "GET",
    url: "/v1/datasets",
    tag,
    description: "Newest first.",
    query: PageQuery,
    responses: { 200: json("A page of data sets", DatasetPage) },
    errors: [],
    handle: ({ deps, caller, query }) => listDatasets(deps, caller, query),
  }),
  defineRoute({
    operations: ["getDataset"],
    method: "GET",
    url: "/v1/datasets/:id",
    tag,
    description: "Columns, inferred types, missing counts, summary statistics, sha256.",
    params: IdParams,
    query: NoQuery,
    responses: { 200: json("The data set", Dataset, { ETag: "for If-None-Match" }) },
    errors: ["not_found"],
    handle: ({ deps, caller, params }) => getDataset(deps, caller, { id: params.id ?? "" }),
  }),
  defineRoute({
    operations: ["listDatasetRows"],
    method: "GET",
    url: "/v1/datasets/:id/rows",
    tag,
    description:
      "Rows from the first on, as a prediction takes them: numbers, texts, images as PNG in base64, and null for missing cells. Of a file beyond 8 MiB only these rows are read, so they are not held against its digest.",
    params: IdParams,
    query: RowsQuery,
    responses: { 200: json("The rows", DatasetRows) },
    errors: ["not_found", "corrupt"],
    handle: ({ deps, caller, params, query }) => listDatasetRows(deps, caller, { id: params.id ?? "", ...query }),
  }),
  defineRoute({
    operations: ["getDatasetImage"],
    method: "GET",
    url: "/v1/datasets/:id/rows/:row/image",
    tag,
    description: "The pixels of the row's image as a PNG file, without loss. Rows are counted from 0.",
    params: RowParams,
    query: NoQuery,
    responses: { 200: { description: "The image", content: { "image/png": { schema: BinaryFile } } } },
    errors: ["not_found", "corrupt"],
    handle: async ({ deps, caller, params, reply }) => {
      const row = /^\d{1,15}$/.test(params.row ?? "") ? Number(params.row) : Number.NaN;
      const { dataset, png } = await getDatasetImage(deps, caller, { id: params.id ?? "", row });
      return reply.type("image/png").header("etag", `"${dataset.sha256}-${row}"`).send(png);
    },
  }),
  defineRoute({
    operations: ["getDatasetFile"],
    method: "GET",
    isFile: true,
    url: "/v1/datasets/:id/file",
    tag,
    description:
      "The file as it is kept, whose length and digest the data set tells: a table as CSV in UTF-8, whatever it came as; of images their pixels. If it is not what was written, the transfer breaks off: it never ends well with other bytes.",
    params: IdParams,
    query: NoQuery,
    responses: {
      200: {
        description: "The file",
        content: { "text/csv": { schema: BinaryFile }, "application/octet-stream": { schema: BinaryFile } },
      },
    },
    errors: ["not_found", "corrupt"],
    isLong: () => true,
    handle: async ({ deps, caller, params, reply }) => {
      const { dataset, body } = await getDatasetFile(deps, caller, { id: params.id ?? "" });
      const isCsv = dataset.format === "csv";
      return reply
        .type(isCsv ? "text/csv; charset=utf-8; header=present" : "application/octet-stream")
        .header("content-length", dataset.bytes)
        .header("repr-digest", reprDigest(dataset))
        .header("content-disposition", `attachment; filename="${dataset.id}.${isCsv ? "csv" : "images"}"`)
        .header("etag", `"${dataset.sha256.slice(0, 32)}"`)
        .send(body);
    },
  }),
  defineRoute({
    operations: ["updateDataset"],
    method: "PATCH",
    url: "/v1/datasets/:id",
    tag,
    description:
      "Its name, its labels, and the types of its columns, for which the file is read once more: no other upload is needed. What is left out stays as it is. Jobs that were planned before keep the types that they were planned with (`plan.datasetVersion`), and so does what is told of them. Types do not change while an unfinished study compares trials on the data set.",
    params: IdParams,
    query: NoQuery,
    body: {
      contentType: "application/json",
      schema: UpdateDatasetRequest,
      example: { types: { zip: "category", sold: "datetime" } },
    },
    responses: { 200: json("The data set as it is now", Dataset) },
    errors: ["not_found", "invalid_csv", "in_use", "precondition_failed", "corrupt", "quota_exceeded"],
    isLong: () => true,
    handle: ({ deps, caller, params, body }) => updateDataset(deps, caller, { id: params.id ?? "", body }),
  }),
  defineRoute({
    operations: ["deleteDataset"],
    method: "DELETE",
    url: "/v1/datasets/:id",
    tag,
    description: "Refused while an unfinished job or a model refers to it.",
    params: IdParams,
    query: NoQuery,
    responses: noContent,
    errors: ["not_found", "in_use"],
    handle: async ({ deps, caller, params, reply }) => {
      await deleteDataset(deps, caller, { id: params.id ?? "" });
      reply.code(204);
    },
  }),
];
