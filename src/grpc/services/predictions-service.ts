import { compareModels } from "../../usecases/models/compare-models.ts";
import { comparisonPage } from "../../usecases/models/page/comparison-page.ts";
import { getPredictionFile } from "../../usecases/predictions/get-prediction-file.ts";
import { predictDataset } from "../../usecases/predictions/predict-dataset.ts";
import { serverStream, unary, type Wiring } from "../call.ts";
import { toChunks } from "../downloading.ts";
import type { Comparison } from "../generated/descent/v1/model_parts.ts";
import * as wire from "../generated/descent/v1/predictions.ts";
import { toJob } from "../job-messages.ts";
import { inBothForms } from "../job-spec.ts";
import { modelShapes } from "../typed/model-shapes.ts";

/** The JSON body that the message stands for. */
const bodyOf = ({ dataset, name, priority, maxSeconds, pool, webhookUrl }: wire.PredictDatasetRequest): unknown => ({
  dataset,
  ...(name === undefined ? {} : { name }),
  ...(priority === undefined ? {} : { priority }),
  ...(maxSeconds === undefined ? {} : { maxSeconds }),
  ...(pool === undefined ? {} : { pool }),
  ...(webhookUrl === undefined ? {} : { webhook: { url: webhookUrl } }),
});

export const createPredictionsService = (wiring: Wiring): wire.PredictionsServiceServer => {
  const { deps } = wiring;
  return {
    predictDataset: unary(wiring, "predictDataset", async (caller, request) => {
      const { model, idempotencyKey } = request;
      return toJob((await predictDataset(deps, caller, { model, body: bodyOf(request), idempotencyKey })).job);
    }),
    compareModels: unary(wiring, "compareModels", async (caller, { models, dataset, page, rows }) => {
      const comparison = await compareModels(deps, caller, {
        body: { models, dataset, ...(rows === undefined ? {} : { rows }) },
      });
      return {
        comparison: inBothForms<Comparison>(modelShapes.comparison, comparison),
        html: page ? comparisonPage(comparison) : undefined,
      };
    }),
    getPredictionFile: serverStream(wiring, "getPredictionFile", async (caller, { id, format }) => {
      const isNdjson = format === wire.PredictionFormat.PREDICTION_FORMAT_NDJSON;
      return toChunks((await getPredictionFile(deps, caller, { id, format: isNdjson ? "ndjson" : "csv" })).body);
    }),
  };
};
