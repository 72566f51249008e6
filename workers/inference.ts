import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import type { Row } from "../src/domain/dataset.ts";
import { type ErrorCode, errorCatalogue, ServiceError } from "../src/domain/errors.ts";
import type { ModelId, TenantId } from "../src/domain/ids.ts";
import type { Model, Prediction } from "../src/domain/model.ts";
import type { FromInference, ToInference } from "./protocol.ts";

export interface Inference {
  predict(tenant: TenantId, model: Model, rows: Row[]): Promise<Prediction[]>;
  forget(tenant: TenantId, model: ModelId): void;
  close(): Promise<void>;
}

/** What the inference thread is started with. */
export interface InferenceSetup {
  artifactUrl: string;
  cacheBytes: number;
}

/** Requests waiting for the thread; beyond that it is better to say so at once than to let everybody wait. */
const waitingRequests = 64;
/** A thread that has not answered its oldest request for so long is taken for hung. */
const patienceMs = 30_000;

interface Pending {
  resolve: (predictions: Prediction[]) => void;
  reject: (error: ServiceError) => void;
  sinceMs: number;
}

const isErrorCode = (code: string): code is ErrorCode => code in errorCatalogue;

/**
 * Predictions of the API process, computed in a thread of their own so that no model, however large, delays another
 * request's answer. A crash of the thread costs the requests it had: they are told `unavailable`, and a fresh thread serves the next.
 */
export const createInference = (script: URL, setup: InferenceSetup, log: Logger): Inference => {
  const pending = new Map<number, Pending>();
  let worker: Worker | null = null;
  let nextId = 1;
  let closed = false;

  const rejectAll = (reason: string): void => {
    for (const { reject } of pending.values())
      reject(new ServiceError("unavailable", reason, { retryAfterSeconds: 1 }));
    pending.clear();
  };
  const settle = (message: FromInference): void => {
    const request = pending.get(message.id);
    pending.delete(message.id);
    if (message.type === "predictions") request?.resolve(message.predictions);
    else if (isErrorCode(message.code))
      request?.reject(new ServiceError(message.code, message.detail, { errors: message.errors }));
    else request?.reject(new ServiceError("internal", message.detail));
  };
  const start = (): Worker => {
    const started = new Worker(script, { workerData: setup });
    started.unref();
    const gone = (reason: string): void => {
      if (worker !== started) return;
      worker = null;
      rejectAll("the prediction could not be finished; try again");
      if (closed) return;
      log.error({ reason }, "the inference thread died; the next prediction starts a fresh one");
    };
    started.on("message", settle);
    started.on("error", (error) => gone(String(error)));
    started.on("exit", (code) => gone(`exit code ${code}`));
    return started;
  };
  // Started before the first request: loading the engine is what takes the time.
  worker = start();

  const watchdog = setInterval(() => {
    const oldest = pending.values().next().value;
    if (oldest === undefined || performance.now() - oldest.sinceMs < patienceMs) return;
    log.error({ patienceMs }, "the inference thread does not answer; it is ended");
    void worker?.terminate();
  }, 1000);
  watchdog.unref();

  return {
    predict(tenant, model, rows) {
      if (pending.size >= waitingRequests)
        return Promise.reject(
          new ServiceError("unavailable", `${pending.size} predictions are waiting already`, { retryAfterSeconds: 1 }),
        );
      const id = nextId++;
      const message: ToInference = { type: "predict", id, tenant, model, rows };
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject, sinceMs: performance.now() });
        worker ??= start();
        worker.postMessage(message);
      });
    },
    forget(tenant, model) {
      const message: ToInference = { type: "forget", tenant, model };
      worker?.postMessage(message);
    },
    async close() {
      closed = true;
      clearInterval(watchdog);
      await worker?.terminate();
      rejectAll("the service is stopping");
    },
  };
};
