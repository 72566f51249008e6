import { ServiceError } from "../../domain/errors.ts";
import { createShares, type Party } from "../../domain/fairness/shares.ts";
import { createTurns } from "../../domain/fairness/turns.ts";
import { limits } from "../../domain/limits.ts";
import type { Log } from "../../domain/log.ts";

/**
 * What limits a request's time: `short` our own work; `long` others (a job's change, a client that downloads slowly); `upload`
 * the client that sends.
 */
export type LoadKind = "short" | "long" | "upload";

export interface LoadLimits {
  /** Requests under way at once. The short ones bound what one turn of the event loop may hold, and with it how long it lasts. */
  atOnce: Record<LoadKind, number>;
  /** Short ones that wait for their turn, so that a burst is served rather than refused. */
  waiting: number;
  /** … and for how long at most. */
  waitMs: number;
  /** Of bodies that are held whole in memory. */
  bodyBytes: number;
}

export const defaultLoadLimits: LoadLimits = {
  atOnce: { short: limits.requestsAtOnce, long: limits.lastingRequestsAtOnce, upload: limits.uploadsAtOnce },
  waiting: limits.requestsWaiting,
  waitMs: limits.requestWaitMs,
  bodyBytes: limits.bodyBytesAtOnce,
};

/**
 * How much one process takes on, over both surfaces. What it cannot do soon it refuses at once, as `overloaded`: a client that
 * comes back in a second is served better than one that waits, and what waits only briefly takes little memory.
 * All of it is counted for the caller, who may have a share (see `createShares`): so it is asked after the key was.
 */
export interface LoadGate {
  /** Whether the next short request would be refused, whoever sends it. */
  isFull(): boolean;
  /** Throws `overloaded` if so: for what is to be refused before its key is looked at or its body read. */
  requireRoom(): void;
  /** Runs `work` as one of the caller's short ones, when it is its turn. */
  run<T>(caller: Party, work: () => Promise<T>): Promise<T>;
  /** Counts one more of the caller's until the function it gives is called (again and again is no harm). */
  enter(kind: "long" | "upload", caller: Party): () => void;
  /** Counts bytes of a body that the caller sends, as they arrive, until they are released. */
  hold(caller: Party): { add(bytes: number): void; release(): void };
  /** Counts what was refused without having entered. */
  countRefusal(): void;
  counts(): Record<LoadKind, number> & { waiting: number; bodyBytes: number; refused: number };
  close(): void;
}

const reportMs = 1000;

/** The answer to what is refused. */
export const overloaded = (): ServiceError =>
  new ServiceError("overloaded", "the service has as much to do as it can; try again in a second", {
    retryAfterSeconds: 1,
  });

const once = (act: () => void): (() => void) => {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
};

/** So many at a time, so many in line for so long, and no more. Tenants take turns. */
const createLine = (atOnce: number, most: number, waitMs: number, refuse: () => ServiceError) => {
  const running = createShares(atOnce);
  const waiting = createShares(most);
  const line = createTurns<() => void>();
  const turn = (caller: Party): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        waiting.give(caller);
        running.take(caller);
        resolve();
      };
      const timer = setTimeout(() => {
        line.remove(caller, begin);
        waiting.give(caller);
        reject(refuse());
      }, waitMs);
      waiting.take(caller);
      line.add(caller, begin);
    });
  return {
    isFull: () => running.used() >= atOnce && waiting.used() >= most,
    counts: () => ({ short: running.used(), waiting: waiting.used() }),
    run: async <T>(caller: Party, work: () => Promise<T>): Promise<T> => {
      if (running.mayTake(caller)) running.take(caller);
      else if (waiting.mayTake(caller)) await turn(caller);
      else throw refuse();
      try {
        return await work();
      } finally {
        running.give(caller);
        line.next((party) => running.mayTake(party))?.();
      }
    },
  };
};

export const createLoadGate = (log: Log, wanted: LoadLimits = defaultLoadLimits): LoadGate => {
  const { atOnce, bodyBytes } = wanted;
  let refused = 0;
  const refuse = (): ServiceError => {
    refused += 1;
    return overloaded();
  };
  const line = createLine(atOnce.short, wanted.waiting, wanted.waitMs, refuse);
  const lasting = { long: createShares(atOnce.long), upload: createShares(atOnce.upload) };
  const held = createShares(bodyBytes);
  let reported = 0;
  const counts: LoadGate["counts"] = () => ({
    ...line.counts(),
    ...{ long: lasting.long.used(), upload: lasting.upload.used(), bodyBytes: held.used(), refused },
  });
  const report = setInterval(() => {
    // One line a second, however many: writing each down would be more work than refusing it.
    if (refused > reported) log.warn({ ...counts(), refused: refused - reported }, "overloaded");
    reported = refused;
  }, reportMs);
  report.unref();
  return {
    isFull: line.isFull,
    requireRoom: () => {
      if (line.isFull()) throw refuse();
    },
    run: line.run,
    enter: (kind, caller) => {
      if (!lasting[kind].mayTake(caller)) throw refuse();
      lasting[kind].take(caller);
      return once(() => lasting[kind].give(caller));
    },
    hold: (caller) => {
      let holding = 0;
      return {
        add: (bytes) => {
          if (!held.mayTake(caller, bytes)) throw refuse();
          held.take(caller, bytes);
          holding += bytes;
        },
        release: () => {
          if (holding > 0) held.give(caller, holding);
          holding = 0;
        },
      };
    },
    countRefusal: () => {
      refused += 1;
    },
    counts,
    close: () => clearInterval(report),
  };
};
