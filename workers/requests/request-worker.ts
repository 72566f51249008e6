import { Worker } from "node:worker_threads";
import { type ErrorCode, errorCatalogue, ServiceError } from "../../src/domain/errors.ts";
import { createShares, type Party } from "../../src/domain/fairness/shares.ts";
import { createTurns } from "../../src/domain/fairness/turns.ts";
import type { Log } from "../../src/domain/log.ts";
import type { FromAnswering, ToAnswering } from "../engine/protocol.ts";

export interface RequestWorkerOptions {
  script: URL;
  workerData: unknown;
  /** What it does, for the log and for who must wait: `prediction`. */
  what: string;
  log: Log;
  /** Questions that the thread has at once: more than one only if it waits for others (files) between. */
  atOnce: number;
  /** More than that as long as what it was sent is less than the bytes: for what it does better together. */
  small?: { atOnce: number; bytes: number };
  /** Questions in line before the thread; beyond that it is better to say so at once than to let everybody wait. */
  waiting: number;
  /** A thread that has answered nothing for so long, though it was asked, is taken for hung. */
  patienceMs: number;
  /** The answer to the question that it hung on. */
  hungOn: () => ServiceError;
  /** Of its JavaScript: a question that needs more ends the thread, not the process. */
  heapMegabytes: number;
}

export interface RequestWorker<Question, Answer> {
  /** `overloaded` when too many wait, or too many of this party's; `unavailable` when the thread died of this question or beside it. */
  ask(party: Party, question: Question, transfer?: readonly ArrayBuffer[]): Promise<Answer>;
  /** Says something that needs no answer. */
  tell(question: Question): void;
  close(): Promise<void>;
}

interface Pending<Question, Answer> {
  question: Question;
  transfer: readonly ArrayBuffer[];
  bytes: number;
  resolve: (answer: Answer) => void;
  reject: (error: ServiceError) => void;
}

const isErrorCode = (code: string): code is ErrorCode => code in errorCatalogue;

const settle = <Question, Answer>(asked: Pending<Question, Answer> | undefined, message: FromAnswering<Answer>) => {
  if (message.type === "answer") asked?.resolve(message.answer);
  else if (isErrorCode(message.code))
    asked?.reject(new ServiceError(message.code, message.detail, { errors: message.errors }));
  else asked?.reject(new ServiceError("internal", message.detail));
};

const unavailable = (reason: string): ServiceError => new ServiceError("unavailable", reason, { retryAfterSeconds: 1 });

/** What waits for the thread: tenants take turns, and each has a share of the places. */
const createLine = <T>(most: number, what: string) => {
  const turns = createTurns<{ party: Party; item: T }>();
  const shares = createShares(most);
  return {
    add: (party: Party, item: T): void => {
      if (!shares.mayTake(party)) {
        const detail = `${turns.size()} requests wait for a ${what} already; try again in a second`;
        throw new ServiceError("overloaded", detail, { retryAfterSeconds: 1 });
      }
      shares.take(party);
      turns.add(party, { party, item });
    },
    next: (): T | null => {
      const next = turns.next();
      if (next === null) return null;
      shares.give(next.party);
      return next.item;
    },
    clear: (): T[] => turns.clear().map(({ item }) => item),
  };
};

/** Asked before they are moved: then they have none any more. */
const bytesOf = (buffers: readonly ArrayBuffer[]): number =>
  buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Whether the thread may have one more beside what it has. */
const hasRoom = (
  underWay: ReadonlyMap<number, { bytes: number }>,
  { atOnce, small }: Pick<RequestWorkerOptions, "atOnce" | "small">,
): boolean => {
  if (underWay.size < atOnce || small === undefined) return underWay.size < atOnce;
  let bytes = 0;
  for (const each of underWay.values()) bytes += each.bytes;
  return underWay.size < small.atOnce && bytes < small.bytes;
};

/**
 * A thread for work that would hold up the event loop. Tenants take turns in the line before it. A question that it hangs on, or dies
 * of, costs those that it had at the same time; those in line go to a fresh thread.
 */
export const createRequestWorker = <Question, Answer>(
  options: RequestWorkerOptions,
): RequestWorker<Question, Answer> => {
  const { script, workerData, what, log, waiting, patienceMs, hungOn, heapMegabytes } = options;
  const line = createLine<Pending<Question, Answer>>(waiting, what);
  const underWay = new Map<number, Pending<Question, Answer>>();
  let worker: Worker | null = null;
  let nextId = 1;
  let closed = false;
  let progressMs = performance.now();
  const unfinished = `the ${what} could not be finished; try again`;

  const rejectUnderWay = (reason: string): void => {
    const lost = [...underWay.values()];
    underWay.clear();
    for (const { reject } of lost) reject(unavailable(reason));
  };
  const answered = (message: FromAnswering<Answer>): void => {
    progressMs = performance.now();
    settle(underWay.get(message.id), message);
    underWay.delete(message.id);
    advance();
  };
  const start = (): Worker => {
    const started = new Worker(script, { workerData, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
    started.unref();
    const gone = (reason: string): void => {
      if (worker !== started) return;
      worker = null;
      rejectUnderWay(unfinished);
      if (closed) return;
      log.error({ reason }, `the ${what} thread died; the next ${what} starts a fresh one`);
      advance();
    };
    started.on("message", (message: FromAnswering<Answer>) => worker === started && answered(message));
    started.on("error", (error) => gone(String(error)));
    started.on("exit", (code) => gone(`exit code ${code}`));
    return started;
  };
  /** Gives the thread what it can take from the line. */
  const advance = (): void => {
    while (!closed && hasRoom(underWay, options)) {
      const next = line.next();
      if (next === null) return;
      const id = nextId++;
      const message: ToAnswering<Question> = { id, question: next.question };
      if (underWay.size === 0) progressMs = performance.now();
      underWay.set(id, next);
      worker ??= start();
      worker.postMessage(message, [...next.transfer]);
    }
  };
  // Started before the first request: loading the code is what takes the time.
  worker = start();

  const watchdog = setInterval(() => {
    const [oldest] = underWay;
    if (oldest === undefined || performance.now() - progressMs < patienceMs) return;
    log.error({ patienceMs }, `the ${what} thread does not answer; it is ended`);
    // Forgotten before it is gone: what is asked meanwhile goes to a fresh one.
    void worker?.terminate();
    worker = null;
    oldest[1].reject(hungOn());
    rejectUnderWay(unfinished);
    advance();
  }, 1000);
  watchdog.unref();

  return {
    ask: (party, question, transfer = []) =>
      new Promise((resolve, reject) => {
        line.add(party, { question, transfer, bytes: bytesOf(transfer), resolve, reject });
        advance();
      }),
    tell: (question) => worker?.postMessage({ id: null, question } satisfies ToAnswering<Question>),
    async close() {
      closed = true;
      clearInterval(watchdog);
      await worker?.terminate();
      rejectUnderWay("the service is stopping");
      for (const { reject } of line.clear()) reject(unavailable("the service is stopping"));
    },
  };
};
