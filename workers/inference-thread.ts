import { parentPort, workerData } from "node:worker_threads";
import { encodeRows } from "../src/data/encode-rows.ts";
import { assert, ServiceError } from "../src/domain/errors.ts";
import type { TenantId } from "../src/domain/ids.ts";
import type { Model } from "../src/domain/model.ts";
import { compileKernels } from "../src/engine/kernels/load.ts";
import { openArtifactStore } from "../src/store/open-artifact-store.ts";
import type { InferenceSetup } from "./inference.ts";
import { type Answer, loadModel } from "./load-model.ts";
import { createLoadedModels } from "./loaded-models.ts";
import type { FromInference, ToInference } from "./protocol.ts";

assert(parentPort !== null, "inference-thread runs as a worker thread");
const port = parentPort;
const setup: InferenceSetup = workerData;
const [kernels, artifacts] = await Promise.all([
  compileKernels(),
  openArtifactStore(setup.artifactUrl, { existing: true }),
]);
const models = createLoadedModels<Answer>(setup.cacheBytes);
const post = (message: FromInference): void => port.postMessage(message);

/** The digest is part of the name: should an id ever come back with other weights, the old ones do not answer for it. */
const keyOf = (tenant: TenantId, model: Pick<Model, "id" | "digest">): string =>
  `${tenant}/${model.id}/${model.digest}`;

const answerOf = async (tenant: TenantId, model: Model): Promise<Answer> => {
  const key = keyOf(tenant, model);
  const known = models.get(key);
  if (known !== null) return known;
  const loaded = await loadModel(artifacts, kernels, tenant, model);
  models.add(key, loaded);
  return loaded.value;
};

const predict = async ({ id, tenant, model, rows }: Extract<ToInference, { type: "predict" }>): Promise<void> => {
  try {
    const inputs = encodeRows(model.preprocessing, rows);
    const answer = await answerOf(tenant, model);
    post({ type: "predictions", id, predictions: answer(inputs, rows) });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    post({ type: "refused", id, code: error.code, detail: error.message, errors: [...error.errors] });
  }
};

port.on("message", (message: ToInference) => {
  if (message.type === "forget") return models.removeBelow(`${message.tenant}/${message.model}/`);
  predict(message).catch((error: unknown) => {
    // Out of the promise, so that it reaches the API as the thread's `error` and a fresh thread takes over.
    setImmediate(() => {
      throw error;
    });
  });
});
