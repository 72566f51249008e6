import { Worker } from "node:worker_threads";
import { type ErrorCode, errorCatalogue, ServiceError } from "../../src/domain/errors.ts";
import { createShares, type Party } from "../../src/domain/fairness/shares.ts";
import { createTurns } from "../../src/domain/fairness/turns.ts";
import type { Log } from "../../src/domain/log.ts";
import { processorTime, systemThreads } from "../engine/processor-time.ts";
import type { FromAnswering, ToAnswering } from "../engine/protocol.ts";
import { createSecondTries } from "./second-tries.ts";

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
  /** The answer to the question that it hung on; `share`: of that time it had a processor, 0 to 1, or null where the system does not tell. */
  hungOn: (share: number | null) => ServiceError;
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
  again: boolean;
  resolve: (answer: Answer) => void;
  reject: (error: ServiceError) => void;
}

const isErrorCode = (code: string): code is ErrorCode => code in errorCatalogue;

type Settling<Answer> = Exclude<FromAnswering<Answer>, { type: "alive" }>;

const settle = <Question, Answer>(asked: Pending<Question, Answer> | undefined, message: Settling<Answer>) => {
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

/** A thread, and the numbers by which the system knows it. */
interface Answering {
  worker: Worker;
  numbers: readonly number[];
}

/** For how long it has had a processor since its start; null where the system does not tell. */
const ranMsOf = (thread: Answering | null): number | null => {
  const times = (thread?.numbers ?? []).map(processorTime).filter((time) => time !== null);
  return times.length === 0 ? null : times.reduce((sum, { ranMs }) => sum + ranMs, 0);
};

/** For how long nothing has come of a thread, from the first look on, and what share of that time it had a processor. */
const createStillness = () => {
  let first: { atMs: number; ranMs: number | null } | null = null;
  return {
    /** Something came of it, or it is asked for the first time. */
    begun: (): void => {
      first = null;
    },
    look: (thread: Answering | null): { ms: number; share: number | null } => {
      const [atMs, ranMs] = [performance.now(), ranMsOf(thread)];
      first ??= { atMs, ranMs };
      const ms = atMs - first.atMs;
      return { ms, share: ranMs === null || first.ranMs === null ? null : (ranMs - first.ranMs) / ms };
    },
  };
};

interface Told<Answer> {
  begun(): void;
  answered(message: Settling<Answer>): void;
  gone(reason: string): void;
}

/** A fresh thread, which tells of itself for as long as it is the current one. */
const startThread = <Answer>(
  { script, workerData, heapMegabytes }: RequestWorkerOptions,
  isCurrent: (thread: Worker) => boolean,
  { begun, answered, gone }: Told<Answer>,
): Answering => {
  // The system's thread exists when the constructor returns.
  const others = new Set(systemThreads());
  const started = new Worker(script, { workerData, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
  const numbers = systemThreads().filter((number) => !others.has(number));
  started.unref();
  // What its code takes to load is no question's fault.
  started.on("online", () => isCurrent(started) && begun());
  started.on("message", (message: FromAnswering<Answer>) => {
    if (!isCurrent(started)) return;
    if (message.type === "alive") begun();
    else answered(message);
  });
  started.on("error", (error) => isCurrent(started) && gone(String(error)));
  started.on("exit", (code) => isCurrent(started) && gone(`exit code ${code}`));
  return { worker: started, numbers };
};

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
 * A thread for work that would hold up the event loop. Tenants take turns in the line before it. When it hangs on a question, or dies of one, small ones that it had
 * at the same time are asked once more and the others are lost; those in line go to a fresh thread.
 */
export const createRequestWorker = <Question, Answer>(
  options: RequestWorkerOptions,
): RequestWorker<Question, Answer> => {
  const { what, log, waiting, patienceMs, hungOn } = options;
  const line = createLine<Pending<Question, Answer>>(waiting, what);
  const underWay = new Map<number, Pending<Question, Answer>>();
  const secondTries = createSecondTries<Pending<Question, Answer>>(options.small);
  let thread: Answering | null = null;
  let nextId = 1;
  let closed = false;
  const { begun, look } = createStillness();

  const rejectUnderWay = (reason = `the ${what} could not be finished; try again`): void => {
    const lost = [...underWay.values()];
    underWay.clear();
    for (const { reject } of lost) reject(unavailable(reason));
  };
  const answered = (message: Settling<Answer>): void => {
    begun();
    settle(underWay.get(message.id), message);
    underWay.delete(message.id);
    advance();
  };
  const gone = (reason: string): void => {
    thread = null;
    // A question that was alone with the thread is what it died of.
    if (!closed && underWay.size > 1) secondTries.keep(underWay);
    rejectUnderWay();
    if (closed) return;
    log.error({ reason }, `the ${what} thread died; the next ${what} starts a fresh one`);
    advance();
  };
  const start = () => startThread<Answer>(options, (own) => own === thread?.worker, { begun, answered, gone });
  /** Gives the thread what it can take from the line. */
  const advance = (): void => {
    while (!closed && hasRoom(underWay, options) && !secondTries.wantsRoom(underWay)) {
      const next = secondTries.next() ?? line.next();
      if (next === null) return;
      const id = nextId++;
      const message: ToAnswering<Question> = { id, question: next.question };
      if (underWay.size === 0) begun();
      underWay.set(id, next);
      thread ??= start();
      thread.worker.postMessage(message, secondTries.isCopied(next) ? [] : [...next.transfer]);
    }
  };
  // Started before the first request: loading the code is what takes the time.
  thread = start();

  const watchdog = setInterval(() => {
    const [oldest] = underWay;
    if (oldest === undefined) return;
    const { ms, share } = look(thread);
    if (ms < patienceMs) return;
    log.error({ patienceMs, share }, `the ${what} thread does not answer; it is ended`);
    // Forgotten before it is gone: what is asked meanwhile goes to a fresh one.
    void thread?.worker.terminate();
    thread = null;
    oldest[1].reject(hungOn(share));
    underWay.delete(oldest[0]);
    secondTries.keep(underWay);
    rejectUnderWay();
    advance();
  }, 1000);
  watchdog.unref();

  return {
    ask: (party, question, transfer = []) =>
      new Promise((resolve, reject) => {
        line.add(party, { question, transfer, bytes: bytesOf(transfer), again: false, resolve, reject });
        advance();
      }),
    tell: (question) => thread?.worker.postMessage({ id: null, question } satisfies ToAnswering<Question>),
    async close() {
      closed = true;
      clearInterval(watchdog);
      await thread?.worker.terminate();
      rejectUnderWay("the service is stopping");
      for (const { reject } of [...secondTries.clear(), ...line.clear()])
        reject(unavailable("the service is stopping"));
    },
  };
};
