import type { Readable } from "node:stream";
import { deleteModel } from "../usecases/models/delete-model.ts";
import { getModel } from "../usecases/models/get-model.ts";
import { getModelReport } from "../usecases/models/get-model-report.ts";
import { getModelWeights } from "../usecases/models/get-model-weights.ts";
import { listModels } from "../usecases/models/list-models.ts";
import { predictMessage } from "../usecases/models/predict.ts";
import { serverStream, unary, type Wiring } from "./call.ts";
import { Encoded } from "./encoded.ts";
import type * as wire from "./generated/descent/v1/models.ts";
import { encodeModel, encodeModels, encodeReport } from "./model-messages.ts";
import type { UnreadPrediction } from "./prediction-messages.ts";

async function* toChunks(body: Readable): AsyncGenerator<wire.GetModelWeightsResponse, void, void> {
  for await (const chunk of body) yield { chunk };
}

export const createModelsService = (wiring: Wiring): wire.ModelsServiceServer => {
  const { deps } = wiring;
  const predictUnread = unary<UnreadPrediction, wire.PredictResponse>(
    wiring,
    "predict",
    async (caller, { model, bytes }) => new Encoded(await predictMessage(deps, caller, { model, body: bytes })),
  );
  return {
    listModels: unary(wiring, "listModels", async (caller, request) =>
      encodeModels(await listModels(deps, caller, request)),
    ),
    getModel: unary(wiring, "getModel", async (caller, { id }) => encodeModel(await getModel(deps, caller, { id }))),
    getModelReport: unary(wiring, "getModelReport", async (caller, { id }) =>
      encodeReport(await getModelReport(deps, caller, { id })),
    ),
    deleteModel: unary(wiring, "deleteModel", async (caller, { id }) => {
      await deleteModel(deps, caller, { id });
      return {};
    }),
    getModelWeights: serverStream(wiring, "getModelWeights", async (caller, { id }) =>
      toChunks((await getModelWeights(deps, caller, { id })).body),
    ),
    // What comes is not the message but its bytes: see the server's coding.
    predict: predictUnread as unknown as wire.ModelsServiceServer["predict"],
  };
};
