import { Readable } from "node:stream";
import { ServiceError } from "../../../domain/errors.ts";
import { limits } from "../../../domain/limits.ts";
import { ImportedModel, type ImportFormat, UpdateModelRequest } from "../../../domain/models/imported-model.ts";
import { AnyModel } from "../../../domain/models/model.ts";
import { AnyPredictRequest, PredictResponse } from "../../../domain/models/predictions/prediction.ts";
import { Report } from "../../../domain/models/report.ts";
import { withProgressLimit } from "../../../usecases/admission/progress-limit.ts";
import { deleteModel } from "../../../usecases/models/delete-model.ts";
import { getModel } from "../../../usecases/models/get-model.ts";
import { getModelReport } from "../../../usecases/models/get-model-report.ts";
import { getModelReportPage } from "../../../usecases/models/get-model-report-page.ts";
import { getModelWeights } from "../../../usecases/models/get-model-weights.ts";
import { importModel } from "../../../usecases/models/import-model.ts";
import { listModels } from "../../../usecases/models/list-models.ts";
import { predict } from "../../../usecases/models/predict.ts";
import { updateModel } from "../../../usecases/models/update-model.ts";
import { BinaryFile, ImportQuery, ModelPage, ModelParams, NoQuery, PageQuery } from "../../openapi/schemas.ts";
import { asPage, wantsPage } from "../../report-answer.ts";
import { reprDigest } from "../entity-tag.ts";
import { defineRoute, json, noContent, type RestRoute } from "../route.ts";

const tag = "models";

const pictureTypes = ["image/png", "image/jpeg", "image/webp"];

const formats: Readonly<Record<string, ImportFormat>> = {
  "application/onnx": "onnx",
  "application/zip": "zip",
  "application/vnd.safetensors": "safetensors",
};

export const modelRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["importModel"],
    method: "POST",
    url: "/v1/models",
    tag,
    description:
      "The body is the file, streamed: an ONNX network of opset 7 to 21, a zip of one with its external data (and what names its classes and tells how pictures are prepared: labels.json, labels.txt, config.json, preprocessor_config.json), or a safetensors file of a built-in architecture. It becomes a network of the engine's own: it answers predictions, and jobs can start from it. What cannot be run is refused with the node's name, its operator and what would work.",
    query: ImportQuery,
    body: {
      contentType: "application/onnx",
      otherTypes: ["application/zip", "application/vnd.safetensors"],
      schema: BinaryFile,
    },
    responses: { 201: json("The model, with its inputs, outputs and tensors", ImportedModel, { Location: "its URL" }) },
    errors: ["timed_out", "too_large", "unsupported_media_type", "quota_exceeded", "unprocessable", "over_limit"],
    bodyLimitBytes: limits.modelBytes,
    upload: true,
    handle: async ({ deps, caller, query, body, gone, request, reply }) => {
      const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
      const format = formats[type];
      if (body === undefined || format === undefined)
        throw new ServiceError(
          "malformed",
          `the body must be the file, sent with Content-Type: ${Object.keys(formats).join(", ")}`,
        );
      const model = await importModel(deps, caller, {
        ...{ ...query, format, gone },
        body: Readable.from(
          withProgressLimit<Buffer>(body as Readable, ({ length }) => length),
          { objectMode: false },
        ),
      });
      reply.code(201).header("location", `/v1/models/${model.id}`);
      return model;
    },
  }),
  defineRoute({
    operations: ["updateModel"],
    method: "PATCH",
    url: "/v1/models/:id",
    tag,
    description:
      "Of an imported model: names for its first output's columns, what pictures become before it sees them, its licence and source. What is left out stays as it is. Labels and preprocessing do not change while an unfinished job needs the model.",
    params: ModelParams,
    query: NoQuery,
    body: {
      contentType: "application/json",
      schema: UpdateModelRequest,
      example: { labels: ["cat", "dog"], preprocessing: "imagenet" },
    },
    responses: { 200: json("The model as it is now", ImportedModel) },
    errors: ["not_found", "in_use", "quota_exceeded"],
    handle: ({ deps, caller, params, body }) => updateModel(deps, caller, { id: params.id ?? "", body }),
  }),
  defineRoute({
    operations: ["listModels"],
    method: "GET",
    url: "/v1/models",
    tag,
    description: "Newest first.",
    query: PageQuery,
    responses: { 200: json("A page of models", ModelPage) },
    errors: [],
    handle: ({ deps, caller, query }) => listModels(deps, caller, query),
  }),
  defineRoute({
    operations: ["getModel"],
    method: "GET",
    url: "/v1/models/:id",
    tag,
    description: "Lineage (job, data set, base model), spec, preprocessing, and the digest of the weights.",
    params: ModelParams,
    query: NoQuery,
    responses: { 200: json("The model", AnyModel, { ETag: "for If-None-Match" }) },
    errors: ["not_found"],
    handle: ({ deps, caller, params }) => getModel(deps, caller, { id: params.id ?? "" }),
  }),
  defineRoute({
    operations: ["getModelReport"],
    method: "GET",
    url: "/v1/models/:id/report",
    tag,
    description:
      "Measured on the rows that training did not see: likelihood, errors with 95 % intervals, calibration, and what to expect of the next row.",
    params: ModelParams,
    query: NoQuery,
    responses: { 200: json("The report", Report) },
    errors: ["not_found", "corrupt"],
    handle: async ({ deps, caller, params, request, reply }) => {
      const id = params.id ?? "";
      reply.header("vary", "accept");
      if (!wantsPage(request.headers.accept)) return getModelReport(deps, caller, { id });
      return asPage(reply, await getModelReportPage(deps, caller, { id }));
    },
  }),
  defineRoute({
    operations: ["deleteModel"],
    method: "DELETE",
    url: "/v1/models/:id",
    tag,
    description: "Refused while an unfinished job starts from it or an alias names it.",
    params: ModelParams,
    query: NoQuery,
    responses: noContent,
    errors: ["not_found", "in_use"],
    handle: async ({ deps, caller, params, reply }) => {
      await deleteModel(deps, caller, { id: params.id ?? "" });
      reply.code(204);
    },
  }),
  defineRoute({
    operations: ["getModelWeights"],
    method: "GET",
    isFile: true,
    url: "/v1/models/:id/weights",
    tag,
    description:
      "A safetensors file, streamed. If the stored file is not what was written, the answer is `corrupt` or the transfer breaks off: it never ends well with other bytes.",
    params: ModelParams,
    query: NoQuery,
    responses: {
      200: {
        description: "The file",
        content: { "application/octet-stream": { schema: BinaryFile } },
      },
    },
    errors: ["not_found", "corrupt"],
    isLong: () => true,
    handle: async ({ deps, caller, params, reply }) => {
      const { model, body } = await getModelWeights(deps, caller, { id: params.id ?? "" });
      if (model.files !== undefined)
        reply
          .header("content-length", model.files.weights.bytes)
          .header("repr-digest", reprDigest(model.files.weights));
      return reply
        .type("application/octet-stream")
        .header("content-disposition", `attachment; filename="${model.id}.safetensors"`)
        .header("etag", `"${model.digest}"`)
        .send(body);
    },
  }),
  defineRoute({
    operations: ["predict"],
    method: "POST",
    url: "/v1/models/:id/predict",
    tag,
    description:
      "Raw rows, as in the data set; an unknown category and a missing value are treated as in training, a cell of the wrong type is 422 with its pointer. A picture may be the body itself, or several come in a form, each a row of its own; a part `request` of the form has what a JSON body would have beside them. The answers are in the order of the rows.",
    params: ModelParams,
    query: NoQuery,
    body: {
      contentType: "application/json",
      otherTypes: [...pictureTypes, "multipart/form-data"],
      schema: AnyPredictRequest,
      otherSchema: BinaryFile,
      example: { rows: [{ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }] },
    },
    responses: { 200: json("One prediction per row", PredictResponse) },
    errors: ["not_found", "timed_out", "too_large", "unsupported_media_type", "corrupt"],
    bodyLimitBytes: limits.predictBodyBytes,
    unreadJson: true,
    handle: async ({ deps, caller, params, body, request, reply }) => {
      const unread = (body ?? new Uint8Array()) as Uint8Array<ArrayBuffer>;
      const contentType = request.headers["content-type"] ?? "";
      const answer = await predict(deps, caller, { model: params.id ?? "", body: unread, contentType });
      return reply.type("application/json; charset=utf-8").send(answer);
    },
  }),
];
