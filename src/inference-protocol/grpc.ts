import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import { unary, type Wiring } from "../grpc/call.ts";
import { Encoded } from "../grpc/encoded.ts";
import type * as wire from "../grpc/generated/inference/open_inference.ts";
import { GRPCInferenceServiceService } from "../grpc/generated/inference/open_inference.ts";
import { leadingTexts } from "../grpc/prediction-messages.ts";
import type { OtherService } from "../grpc/server.ts";
import { readiness } from "../usecases/upkeep/readiness.ts";
import { modelMetadata, namedModel, serverMetadata, versionOf } from "./named-model.ts";

/** A question as it came: it is read in the thread that answers it. */
interface UnreadInference {
  modelName: string;
  modelVersion: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Looks for the model and its version, and passes over the rest. */
const unreadInference = (message: Uint8Array): UnreadInference => {
  const [modelName = "", modelVersion = ""] = leadingTexts(message, 2);
  return { modelName, modelVersion, bytes: new Uint8Array(message) };
};

/** `inference.GRPCInferenceService` over the same use cases. */
const createInferenceService = (wiring: Wiring): wire.GRPCInferenceServiceServer => {
  const { deps } = wiring;
  const infer = unary<UnreadInference, wire.ModelInferResponse>(
    wiring,
    "predict",
    async (caller, { modelName, modelVersion, bytes }) => {
      const model = await namedModel(deps, caller, modelName, modelVersion);
      const question = { body: bytes, name: modelName, version: versionOf(model) };
      return new Encoded<wire.ModelInferResponse>(await deps.engine.inferMessage(caller, model, question));
    },
  );
  return {
    serverLive: (_call, callback) => callback(null, { live: true }),
    serverReady: (_call, callback) => {
      readiness(deps).then(
        ({ status }) => callback(null, { ready: status !== "not_ready" }),
        () => callback(null, { ready: false }),
      );
    },
    serverMetadata: (_call, callback) => callback(null, serverMetadata),
    modelReady: unary(wiring, "getModel", async (caller, { name, version }) => {
      await namedModel(deps, caller, name, version);
      return { ready: true };
    }),
    modelMetadata: unary(wiring, "getModel", (caller, { name, version }) => modelMetadata(deps, caller, name, version)),
    // What comes is not the message but its bytes: see the server's coding.
    modelInfer: infer as unknown as wire.GRPCInferenceServiceServer["modelInfer"],
  };
};

/** As the gRPC server takes it. */
export const inferenceService: OtherService = (wiring) => ({
  definition: GRPCInferenceServiceService,
  implementation: createInferenceService(wiring) as unknown as UntypedServiceImplementation,
  readers: { modelInfer: unreadInference },
});
