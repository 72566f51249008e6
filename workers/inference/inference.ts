import { ServiceError } from "../../src/domain/errors.ts";
import type { ModelId, TenantId } from "../../src/domain/ids.ts";
import type { Log } from "../../src/domain/log.ts";
import type { NativeLibrary } from "../../src/engine/kernels/native/library.ts";
import type { EngineAccess } from "../../src/usecases/deps.ts";
import type { ToInference } from "../engine/protocol.ts";
import { createRequestWorker } from "../requests/request-worker.ts";
import { readHttpAnswer } from "./answer-inference.ts";

export interface Inference {
  predictBody: EngineAccess["predictBody"];
  predictMessage: EngineAccess["predictMessage"];
  inferHttp: EngineAccess["inferHttp"];
  inferMessage: EngineAccess["inferMessage"];
  compare: EngineAccess["compare"];
  forget(tenant: TenantId, model: ModelId): void;
  close(): Promise<void>;
}

/** What the inference thread is started with. */
export interface InferenceSetup {
  artifactUrl: string;
  cacheBytes: number;
  /** Rows of several requests that are computed together; 1: none. */
  batchRows: number;
  native: NativeLibrary | null;
}

type Caller = Parameters<Inference["predictBody"]>[0];
const caller = ({ tenant, key }: Caller) => ({ tenant, key });

/** While one reads its model's file, others compute. */
const atOnce = 4;
const waiting = 64;
/** … and beyond that as many as came with few bytes, for one model's are computed together. */
const small = { atOnce: 32, bytes: 4 * 2 ** 20 };
const patienceMs = 30_000;
/** For rows and answers; weights lie in memory of their own. */
const heapMegabytes = 1024;

/**
 * Predictions of the API process, computed in a thread of their own so that no model, however large, delays another
 * request's answer.
 */
export const createInference = (script: URL, setup: InferenceSetup, log: Log): Inference => {
  const hungOn = () => new ServiceError("unavailable", "the prediction took too long", { retryAfterSeconds: 1 });
  const thread = createRequestWorker<ToInference, Uint8Array>({
    ...{ script, workerData: setup, what: "prediction", log, atOnce, waiting, patienceMs, hungOn, heapMegabytes },
    ...(setup.batchRows > 1 ? { small } : {}),
  });
  return {
    // The bytes are moved to the thread: reading ten thousand rows is its work too.
    predictBody: (party, model, { body, contentType }) =>
      thread.ask(party, { type: "predictBody", ...caller(party), model, body, contentType }, [body.buffer]),
    predictMessage: (party, model, body) =>
      thread.ask(party, { type: "predictMessage", ...caller(party), model, body }, [body.buffer]),
    inferHttp: async (party, model, question) => {
      const asked = { type: "inferHttp", ...caller(party), model, question } as const;
      return readHttpAnswer(await thread.ask(party, asked, [question.body.buffer]));
    },
    inferMessage: (party, model, question) =>
      thread.ask(party, { type: "inferMessage", ...caller(party), model, question }, [question.body.buffer]),
    compare: async (party, question) => {
      const answer = await thread.ask(party, { type: "compare", tenant: party.tenant, ...question });
      return JSON.parse(Buffer.from(answer).toString());
    },
    forget: (tenant, model) => thread.tell({ type: "forget", tenant, model }),
    close: thread.close,
  };
};
