import { Readable } from "node:stream";
import { withProgressLimit } from "../../usecases/admission/progress-limit.ts";
import { deleteModel } from "../../usecases/models/delete-model.ts";
import { getHeldOutPredictions } from "../../usecases/models/get-held-out-predictions.ts";
import { getModel } from "../../usecases/models/get-model.ts";
import { getModelCard } from "../../usecases/models/get-model-card.ts";
import { getModelLineage } from "../../usecases/models/get-model-lineage.ts";
import { getModelOnnx } from "../../usecases/models/get-model-onnx.ts";
import { getModelReport } from "../../usecases/models/get-model-report.ts";
import { getModelReportPage } from "../../usecases/models/get-model-report-page.ts";
import { getModelWeights } from "../../usecases/models/get-model-weights.ts";
import { importModel } from "../../usecases/models/import-model.ts";
import { listModels } from "../../usecases/models/list-models.ts";
import { predictMessage } from "../../usecases/models/predict.ts";
import { readPreprocessing } from "../../usecases/models/read-preprocessing.ts";
import { updateModel } from "../../usecases/models/update-model.ts";
import { clientStream, serverStream, unary, type Wiring } from "../call.ts";
import { toChunks } from "../downloading.ts";
import { Encoded } from "../encoded.ts";
import type { Lineage } from "../generated/descent/v1/model_parts.ts";
import type * as wire from "../generated/descent/v1/models.ts";
import { inBothForms } from "../job-spec.ts";
import { encodeModel, encodeModels, encodeReport, fromFormat } from "../model-messages.ts";
import type { UnreadPrediction } from "../prediction-messages.ts";
import { modelShapes } from "../typed/model-shapes.ts";
import { bytesOf, chunksOf, readHeader } from "../uploading.ts";

/** An empty list and an empty text take away what was stated. */
const fromUpdate = ({ labels, preprocessing, licence, source }: Omit<wire.UpdateModelRequest, "id">) => ({
  ...(labels === undefined ? {} : { labels: labels.names.length === 0 ? null : labels.names }),
  ...(preprocessing === undefined ? {} : { preprocessing: readPreprocessing(preprocessing, "/preprocessing") }),
  ...(licence === undefined ? {} : { licence: licence === "" ? null : licence }),
  ...(source === undefined ? {} : { source: source === "" ? null : source }),
});

export const createModelsService = (wiring: Wiring): wire.ModelsServiceServer => {
  const { deps } = wiring;
  const predictUnread = unary<UnreadPrediction, wire.PredictResponse>(
    wiring,
    "predict",
    async (caller, { model, bytes }) => new Encoded(await predictMessage(deps, caller, { model, body: bytes })),
  );
  return {
    importModel: clientStream(wiring, "importModel", async (caller, call, gone) => {
      const messages = withProgressLimit<wire.ImportModelRequest>(call, bytesOf);
      const { format, ...header } = await readHeader(messages);
      const body = Readable.from(chunksOf(messages), { objectMode: false });
      return encodeModel(await importModel(deps, caller, { ...header, format: fromFormat(format), body, gone }));
    }),
    updateModel: unary(wiring, "updateModel", async (caller, { id, ...request }) =>
      encodeModel(await updateModel(deps, caller, { id, body: fromUpdate(request) })),
    ),
    listModels: unary(wiring, "listModels", async (caller, request) =>
      encodeModels(await listModels(deps, caller, request)),
    ),
    getModel: unary(wiring, "getModel", async (caller, { id }) => encodeModel(await getModel(deps, caller, { id }))),
    getModelReport: unary(wiring, "getModelReport", async (caller, { id }) =>
      encodeReport(await getModelReport(deps, caller, { id })),
    ),
    getModelLineage: unary(wiring, "getModelLineage", async (caller, { id }) => ({
      lineage: inBothForms<Lineage>(modelShapes.lineage, await getModelLineage(deps, caller, { id })),
    })),
    deleteModel: unary(wiring, "deleteModel", async (caller, { id }) => {
      await deleteModel(deps, caller, { id });
      return {};
    }),
    getModelWeights: serverStream(wiring, "getModelWeights", async (caller, { id }) =>
      toChunks((await getModelWeights(deps, caller, { id })).body),
    ),
    getHeldOutPredictions: serverStream(wiring, "getHeldOutPredictions", async (caller, { id }) =>
      toChunks((await getHeldOutPredictions(deps, caller, { id })).body),
    ),
    getModelOnnx: serverStream(wiring, "getModelOnnx", async (caller, request) =>
      toChunks((await getModelOnnx(deps, caller, request)).body),
    ),
    getModelCard: unary(wiring, "getModelCard", async (caller, { id }) => ({
      markdown: await getModelCard(deps, caller, { id }),
    })),
    getModelReportPage: unary(wiring, "getModelReportPage", async (caller, { id }) => ({
      html: await getModelReportPage(deps, caller, { id }),
    })),
    // What comes is not the message but its bytes: see the server's coding.
    predict: predictUnread as unknown as wire.ModelsServiceServer["predict"],
  };
};
