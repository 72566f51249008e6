import { ServiceError } from "../../src/domain/errors.ts";
import type { Party } from "../../src/domain/fairness/shares.ts";
import type { ModelId, TenantId } from "../../src/domain/ids.ts";
import type { Log } from "../../src/domain/log.ts";
import type { AnyModel, PredictResponse } from "../../src/domain/models/model.ts";
import type { NativeLibrary } from "../../src/engine/kernels/native/library.ts";
import type { ToInference } from "../engine/protocol.ts";
import { createRequestWorker } from "../requests/request-worker.ts";

export interface Inference {
  /** @param body `{ rows }`, unchecked: looking at ten thousand rows is the thread's work too */
  predict(party: Party, model: AnyModel, body: unknown): Promise<PredictResponse>;
  /** The same from the bytes of a JSON body to those of the answer; the body's are moved to the thread. */
  predictJson(party: Party, model: AnyModel, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  forget(tenant: TenantId, model: ModelId): void;
  close(): Promise<void>;
}

/** What the inference thread is started with. */
export interface InferenceSetup {
  artifactUrl: string;
  cacheBytes: number;
  native: NativeLibrary | null;
}

/** While one reads its model's file, others compute. */
const atOnce = 4;
const waiting = 64;
const patienceMs = 30_000;
/** For rows and answers; weights lie in memory of their own. */
const heapMegabytes = 1024;

/**
 * Predictions of the API process, computed in a thread of their own so that no model, however large, delays another
 * request's answer.
 */
export const createInference = (script: URL, setup: InferenceSetup, log: Log): Inference => {
  const hungOn = () => new ServiceError("unavailable", "the prediction took too long", { retryAfterSeconds: 1 });
  const thread = createRequestWorker<ToInference, PredictResponse | Uint8Array>({
    ...{ script, workerData: setup, what: "prediction", log, atOnce, waiting, patienceMs, hungOn, heapMegabytes },
  });
  return {
    predict: async (party, model, body) =>
      (await thread.ask(party, { type: "predict", tenant: party.tenant, model, body })) as PredictResponse,
    predictJson: async (party, model, body) => {
      const question: ToInference = { type: "predictJson", tenant: party.tenant, model, body };
      return (await thread.ask(party, question, [body.buffer])) as Uint8Array;
    },
    forget: (tenant, model) => thread.tell({ type: "forget", tenant, model }),
    close: thread.close,
  };
};
