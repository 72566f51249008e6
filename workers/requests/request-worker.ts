import { Worker } from "node:worker_threads";
import { type ErrorCode, errorCatalogue, ServiceError } from "../../src/domain/errors.ts";
import type { Log } from "../../src/domain/log.ts";
import type { FromAnswering, ToAnswering } from "../engine/protocol.ts";

export interface RequestWorkerOptions {
  script: URL;
  workerData: unknown;
  /** What it does, for the log and for who must wait: `prediction`. */
  what: string;
  log: Log;
  /** Questions waiting for the thread; beyond that it is better to say so at once than to let everybody wait. */
  waiting: number;
  /** A thread that has answered nothing for so long, though it was asked, is taken for hung. */
  patienceMs: number;
  /** The answer to the question that it hung on. */
  hungOn: () => ServiceError;
  /** Of its JavaScript: a question that needs more ends the thread, not the process. */
  heapMegabytes: number;
}

export interface RequestWorker<Question, Answer> {
  /** `overloaded` when too many wait; `unavailable` when the thread died of this question or of one before it. */
  ask(question: Question, transfer?: readonly ArrayBuffer[]): Promise<Answer>;
  /** Says something that needs no answer. */
  tell(question: Question): void;
  close(): Promise<void>;
}

interface Pending<Answer> {
  resolve: (answer: Answer) => void;
  reject: (error: ServiceError) => void;
}

const isErrorCode = (code: string): code is ErrorCode => code in errorCatalogue;

/**
 * A thread for work that would hold up the event loop. It is asked one thing after another; its crash costs the requests it had,
 * and a fresh thread serves the next.
 */
export const createRequestWorker = <Question, Answer>(
  options: RequestWorkerOptions,
): RequestWorker<Question, Answer> => {
  const { script, workerData, what, log, waiting, patienceMs, hungOn, heapMegabytes } = options;
  const pending = new Map<number, Pending<Answer>>();
  let worker: Worker | null = null;
  let nextId = 1;
  let closed = false;
  let progressMs = performance.now();

  const rejectAll = (reason: string): void => {
    for (const { reject } of pending.values())
      reject(new ServiceError("unavailable", reason, { retryAfterSeconds: 1 }));
    pending.clear();
  };
  const settle = (message: FromAnswering<Answer>): void => {
    progressMs = performance.now();
    const request = pending.get(message.id);
    pending.delete(message.id);
    if (message.type === "answer") request?.resolve(message.answer);
    else if (isErrorCode(message.code))
      request?.reject(new ServiceError(message.code, message.detail, { errors: message.errors }));
    else request?.reject(new ServiceError("internal", message.detail));
  };
  const start = (): Worker => {
    const started = new Worker(script, { workerData, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
    started.unref();
    const gone = (reason: string): void => {
      if (worker !== started) return;
      worker = null;
      rejectAll(`the ${what} could not be finished; try again`);
      if (closed) return;
      log.error({ reason }, `the ${what} thread died; the next ${what} starts a fresh one`);
    };
    started.on("message", settle);
    started.on("error", (error) => gone(String(error)));
    started.on("exit", (code) => gone(`exit code ${code}`));
    return started;
  };
  // Started before the first request: loading the code is what takes the time.
  worker = start();

  const watchdog = setInterval(() => {
    const [oldest] = pending;
    if (oldest === undefined || performance.now() - progressMs < patienceMs) return;
    log.error({ patienceMs }, `the ${what} thread does not answer; it is ended`);
    pending.delete(oldest[0]);
    oldest[1].reject(hungOn());
    rejectAll(`the ${what} could not be finished; try again`);
    // Forgotten before it is gone: what is asked meanwhile goes to a fresh one.
    void worker?.terminate();
    worker = null;
  }, 1000);
  watchdog.unref();

  return {
    ask(question, transfer = []) {
      if (pending.size >= waiting) {
        const detail = `${pending.size} requests wait for a ${what} already; try again in a second`;
        return Promise.reject(new ServiceError("overloaded", detail, { retryAfterSeconds: 1 }));
      }
      const id = nextId++;
      const message: ToAnswering<Question> = { id, question };
      return new Promise((resolve, reject) => {
        if (pending.size === 0) progressMs = performance.now();
        pending.set(id, { resolve, reject });
        worker ??= start();
        worker.postMessage(message, [...transfer]);
      });
    },
    tell(question) {
      const message: ToAnswering<Question> = { id: null, question };
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
