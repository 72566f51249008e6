import { z } from "zod";
import { getHeldOutPredictions } from "../../../usecases/models/get-held-out-predictions.ts";
import { getModelCard } from "../../../usecases/models/get-model-card.ts";
import { getModelOnnx } from "../../../usecases/models/get-model-onnx.ts";
import { getModelReportPage } from "../../../usecases/models/get-model-report-page.ts";
import { BinaryFile, ModelParams, NoQuery, OnnxQuery } from "../../openapi/schemas.ts";
import { asPage } from "../../report-answer.ts";
import { defineRoute, type RestRoute } from "../route.ts";

const tag = "models";

/** A model as files for elsewhere. */
export const modelExportRoutes: readonly RestRoute[] = [
  defineRoute({
    operations: ["getModelOnnx"],
    method: "GET",
    isFile: true,
    url: "/v1/models/:id/onnx",
    tag,
    description:
      "An ONNX file of opset 17 that says what a prediction says. Its inputs are the data set's columns by their names: numbers as float64 [batch, 1], NaN where missing; texts as strings [batch, 1], empty where missing; images as 8-bit pixels [batch, height, width, channels]. Its outputs are `label` and `probabilities`, or `value`, or what a clustering or an autoencoder says; where a column has such a name the output's ends in `_2`. Without preprocessing: the encoded inputs in, the network's own outputs out. An imported network has its file's inputs and outputs.",
    params: ModelParams,
    query: OnnxQuery,
    responses: {
      200: {
        description: "The file",
        content: { "application/onnx": { schema: BinaryFile } },
      },
    },
    errors: ["not_found", "corrupt", "over_limit"],
    isLong: () => true,
    handle: async ({ deps, caller, params, query, reply }) => {
      const { model, bytes, body } = await getModelOnnx(deps, caller, { id: params.id ?? "", ...query });
      return reply
        .type("application/onnx")
        .header("content-length", bytes)
        .header(
          "content-disposition",
          `attachment; filename="${model.id}${query.preprocessing ? "" : ".network"}.onnx"`,
        )
        .send(body);
    },
  }),
  defineRoute({
    operations: ["getHeldOutPredictions"],
    method: "GET",
    isFile: true,
    url: "/v1/models/:id/held-out",
    tag,
    description:
      "What the model said of the rows that its report is about (of more than a million, as many at equal distances), a line for each: `row` (from 0 in the data set's file), `truth`, `prediction`, and of classes `probabilities.…`; of a reconstruction `error`. Of a cross-validation `repeat` and `fold` as well, and the prediction is that of the fold's model. 404 where nothing was held out, for clusterings, imported models and trials of a study.",
    params: ModelParams,
    query: NoQuery,
    responses: { 200: { description: "The predictions", content: { "text/csv": { schema: z.string() } } } },
    errors: ["not_found", "corrupt"],
    isLong: () => true,
    handle: async ({ deps, caller, params, reply }) => {
      const { model, bytes, body } = await getHeldOutPredictions(deps, caller, { id: params.id ?? "" });
      return reply
        .type("text/csv; charset=utf-8; header=present")
        .header("content-length", bytes)
        .header("content-disposition", `attachment; filename="${model.id}-held-out.csv"`)
        .send(body);
    },
  }),
  defineRoute({
    operations: ["getModelReportPage"],
    method: "GET",
    isFile: true,
    url: "/v1/models/:id/report.html",
    tag,
    description:
      "The report as one file of HTML to hand on: every figure with its interval and the number of its rows, plots inside, in the words of statistics and of deep learning. It has no script and asks for nothing from anywhere. `GET /v1/models/{id}/report` gives it too where `Accept` names text/html.",
    params: ModelParams,
    query: NoQuery,
    responses: {
      200: { description: "The page", content: { "text/html": { schema: z.string() } } },
    },
    errors: ["not_found", "corrupt"],
    handle: async ({ deps, caller, params, reply }) =>
      asPage(reply, await getModelReportPage(deps, caller, { id: params.id ?? "" })),
  }),
  defineRoute({
    operations: ["getModelCard"],
    method: "GET",
    isFile: true,
    url: "/v1/models/:id/card",
    tag,
    description:
      "In Markdown: what the model is and from what it was made, how good it is, its lineage and licence, and how to run it.",
    params: ModelParams,
    query: NoQuery,
    responses: {
      200: { description: "The card", content: { "text/markdown": { schema: z.string() } } },
    },
    errors: ["not_found", "corrupt"],
    handle: async ({ deps, caller, params, reply }) =>
      reply.type("text/markdown; charset=utf-8").send(await getModelCard(deps, caller, { id: params.id ?? "" })),
  }),
];
