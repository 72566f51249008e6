import { z } from "zod";
import { ServiceError } from "../../domain/errors.ts";
import { Job } from "../../domain/jobs/job.ts";
import { PredictDatasetRequest } from "../../domain/jobs/prediction-job.ts";
import { CompareRequest, Comparison } from "../../domain/models/comparison.ts";
import { compareModels } from "../../usecases/models/compare-models.ts";
import { comparisonPage } from "../../usecases/models/page/comparison-page.ts";
import { getPredictionFile, type PredictionFormat } from "../../usecases/predictions/get-prediction-file.ts";
import { predictDataset } from "../../usecases/predictions/predict-dataset.ts";
import { BinaryFile, IdParams, ModelParams, NoQuery } from "../openapi/schemas.ts";
import { asPage, wantsPage } from "../report-answer.ts";
import { defineRoute, json, type RestRoute } from "./route.ts";

const IdempotencyHeader = z.object({
  "idempotency-key": z.string().optional().describe("as for a job that trains"),
});

const types: Readonly<Record<PredictionFormat, string>> = { csv: "text/csv", ndjson: "application/x-ndjson" };

/** The first of the formats that `Accept` names; CSV if it names none. */
const formatOf = (accept: string | undefined): PredictionFormat => {
  for (const part of (accept ?? "*/*").split(",")) {
    const type = part.split(";")[0]?.trim().toLowerCase();
    if (type === types.ndjson || type === "application/ndjson" || type === "application/jsonl") return "ndjson";
    if (type === types.csv || type === "text/*" || type === "*/*") return "csv";
    if (type === "application/*") return "ndjson";
  }
  throw new ServiceError(
    "unsupported_media_type",
    "the answers come as text/csv or application/x-ndjson: name one in Accept",
  );
};

export const predictionRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["predictDataset"],
    method: "POST",
    url: "/v1/models/:id/predictions",
    tag: "models",
    description:
      "Predicts every row of a stored data set, as a job: it waits its turn, is watched, paused and cancelled by its id like one that trains, and survives the same crashes. The data set must have the model's columns; others are passed over.",
    params: ModelParams,
    query: NoQuery,
    headers: IdempotencyHeader,
    body: {
      contentType: "application/json",
      schema: PredictDatasetRequest,
      example: { dataset: "ds_01J9Z8QF4M3V2K6T5R7W8X9Y0Z" },
    },
    responses: { 202: json("The job, recorded and queued", Job, { Location: "its URL" }) },
    errors: [
      ...(["not_found", "unprocessable", "idempotency_mismatch", "quota_exceeded"] as const),
      ...(["too_large", "timed_out", "unsupported_media_type"] as const),
    ],
    handle: async ({ deps, caller, params, body, request, reply }) => {
      const idempotencyKey = request.headers["idempotency-key"]?.toString();
      const { job } = await predictDataset(deps, caller, { model: params.id ?? "", body, idempotencyKey });
      reply.code(202).header("location", `/v1/jobs/${job.id}`);
      return job;
    },
  }),
  defineRoute({
    operations: ["compareModels"],
    method: "POST",
    url: "/v1/comparisons",
    tag: "models",
    description:
      "Asks up to ten models of one label about the same rows of a data set, at most 10,000 at equal distances, and compares them pair by pair: how much better, how sure that is, and which cannot be told apart. One model alone is evaluated on the data set. Rows that a model was trained on make it look better than it is; a note says where that is so, and `rows: held_out` leaves those rows out. Files are told apart by their SHA-256: rows of another file are not checked one by one. Where `Accept` names text/html it comes as one file of HTML to hand on, with its plots inside and without a script.",
    query: NoQuery,
    body: {
      contentType: "application/json",
      schema: CompareRequest,
      example: {
        models: ["mdl_01J9Z8QF4M3V2K6T5R7W8X9Y0Z", "champion"],
        dataset: "ds_01J9Z8QF4M3V2K6T5R7W8X9Y0Z",
      },
    },
    responses: {
      200: {
        description: "The models, the best first",
        content: { "application/json": { schema: Comparison }, "text/html": { schema: z.string() } },
      },
    },
    errors: ["unprocessable", "corrupt", "timed_out", "too_large", "unsupported_media_type"],
    handle: async ({ deps, caller, body, request, reply }) => {
      const comparison = await compareModels(deps, caller, { body });
      reply.header("vary", "Accept");
      return wantsPage(request.headers.accept) ? asPage(reply, comparisonPage(comparison)) : comparison;
    },
  }),
  defineRoute({
    operations: ["getPredictionFile"],
    method: "GET",
    isFile: true,
    url: "/v1/predictions/:id/file",
    tag: "predictions",
    description:
      "The answers of such a job, by the job's id: a line for each row, in their order, with the row's number from 0. `Accept` says whether as CSV (nested keys with dots) or NDJSON. If a stored block is not what was written, the transfer breaks off: it never ends well with other bytes.",
    params: IdParams,
    query: NoQuery,
    responses: {
      200: {
        description: "The file",
        content: {
          "text/csv": { schema: z.string() },
          "application/x-ndjson": { schema: BinaryFile },
        },
      },
    },
    errors: ["not_found", "forbidden_transition", "corrupt", "unsupported_media_type"],
    isLong: () => true,
    handle: async ({ deps, caller, params, request, reply }) => {
      const format = formatOf(request.headers.accept);
      const { job, body, bytes, etag } = await getPredictionFile(deps, caller, { id: params.id ?? "", format });
      if (bytes !== null) reply.header("content-length", bytes);
      return reply
        .type(format === "csv" ? "text/csv; charset=utf-8; header=present" : types.ndjson)
        .header("content-disposition", `attachment; filename="${job.id}.${format}"`)
        .header("vary", "Accept")
        .header("etag", etag)
        .send(body);
    },
  }),
];
