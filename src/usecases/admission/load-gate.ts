import { ServiceError } from "../../domain/errors.ts";
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
 */
export interface LoadGate {
  /** Whether the next short request would be refused. */
  isFull(): boolean;
  /** Throws `overloaded` if so: for what is to be refused before its key is looked at or its body read. */
  requireRoom(): void;
  /** Runs `work` as one of the short ones, when it is its turn. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Counts one more until the function it gives is called (again and again is no harm). */
  enter(kind: "long" | "upload"): () => void;
  /** The same of a body's bytes. */
  reserve(bytes: number): () => void;
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

/** So many at a time, so many in line for so long, and no more. */
const createLine = (atOnce: number, most: number, waitMs: number, refuse: () => ServiceError) => {
  const line = new Set<() => void>();
  let underWay = 0;
  const turn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        line.delete(begin);
        underWay += 1;
        resolve();
      };
      const timer = setTimeout(() => {
        line.delete(begin);
        reject(refuse());
      }, waitMs);
      line.add(begin);
    });
  return {
    isFull: () => underWay >= atOnce && line.size >= most,
    counts: () => ({ short: underWay, waiting: line.size }),
    run: async <T>(work: () => Promise<T>): Promise<T> => {
      if (underWay < atOnce) underWay += 1;
      else if (line.size < most) await turn();
      else throw refuse();
      try {
        return await work();
      } finally {
        underWay -= 1;
        const [next] = line;
        next?.();
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
  const lasting = { long: 0, upload: 0 };
  let heldBytes = 0;
  let reported = 0;
  const counts: LoadGate["counts"] = () => ({ ...line.counts(), ...lasting, bodyBytes: heldBytes, refused });
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
    enter: (kind) => {
      if (lasting[kind] >= atOnce[kind]) throw refuse();
      lasting[kind] += 1;
      return once(() => {
        lasting[kind] -= 1;
      });
    },
    reserve: (bytes) => {
      if (heldBytes + bytes > bodyBytes) throw refuse();
      heldBytes += bytes;
      return once(() => {
        heldBytes -= bytes;
      });
    },
    countRefusal: () => {
      refused += 1;
    },
    counts,
    close: () => clearInterval(report),
  };
};
