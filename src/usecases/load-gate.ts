import { ServiceError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Log } from "../domain/log.ts";

/**
 * What limits a request's time: `short` our own work; `long` others (a job's change, a client that downloads slowly); `upload`
 * the client that sends.
 */
export type LoadKind = "short" | "long" | "upload";

export interface LoadLimits {
  /** Requests under way at once. */
  atOnce: Record<LoadKind, number>;
  /** Of bodies that are held whole in memory. */
  bodyBytes: number;
  /** A turn of the event loop that has lasted so long takes on nothing new, if a quarter of the short ones are under way. */
  turnMs: number;
}

export const defaultLoadLimits: LoadLimits = {
  atOnce: { short: limits.requestsAtOnce, long: limits.waitsAtOnce, upload: limits.uploadsAtOnce },
  bodyBytes: limits.bodyBytesAtOnce,
  turnMs: 50,
};

/**
 * How much one process takes on, over both surfaces. What it cannot do soon it refuses at once, as `overloaded`: a client that
 * comes back in a second is served better than one that waits, and what waits nowhere takes no memory.
 */
export interface LoadGate {
  /** Whether the next short request would be refused. */
  isFull(): boolean;
  /** Counts one more until the function it gives is called (again and again is no harm). */
  enter(kind: LoadKind): () => void;
  /** The same of a body's bytes. */
  reserve(bytes: number): () => void;
  /** Counts what was refused without having entered. */
  countRefusal(): void;
  counts(): Record<LoadKind, number> & { bodyBytes: number; refused: number };
  close(): void;
}

/** How often the loop is looked at. */
const lookMs = 20;
const reportMs = 1000;

/** The answer to what is refused. */
export const overloaded = (): ServiceError =>
  new ServiceError("overloaded", "the service has as much to do as it can; try again in a second", {
    retryAfterSeconds: 1,
  });

/** The time the current turn of the event loop has taken so far: how late the timer is that should have run. */
const watchTurns = (): { turnMs: () => number; stop: () => void } => {
  let lookedMs = performance.now();
  const timer = setInterval(() => {
    lookedMs = performance.now();
  }, lookMs);
  timer.unref();
  return { turnMs: () => performance.now() - lookedMs - lookMs, stop: () => clearInterval(timer) };
};

const once = (act: () => void): (() => void) => {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
};

export const createLoadGate = (log: Log, { atOnce, bodyBytes, turnMs }: LoadLimits = defaultLoadLimits): LoadGate => {
  const underWay: Record<LoadKind, number> = { short: 0, long: 0, upload: 0 };
  const turns = watchTurns();
  let heldBytes = 0;
  let refused = 0;
  let reported = 0;
  const report = setInterval(() => {
    // One line a second, however many: writing each down would be more work than refusing it.
    if (refused > reported) log.warn({ refused: refused - reported, ...underWay, heldBytes }, "overloaded");
    reported = refused;
  }, reportMs);
  report.unref();

  const isFull = (): boolean =>
    underWay.short >= atOnce.short || (underWay.short >= atOnce.short / 4 && turns.turnMs() > turnMs);
  const refuse = (): ServiceError => {
    refused += 1;
    return overloaded();
  };
  return {
    isFull,
    enter: (kind) => {
      if (kind === "short" ? isFull() : underWay[kind] >= atOnce[kind]) throw refuse();
      underWay[kind] += 1;
      return once(() => {
        underWay[kind] -= 1;
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
    counts: () => ({ ...underWay, bodyBytes: heldBytes, refused }),
    close: () => {
      turns.stop();
      clearInterval(report);
    },
  };
};

/** Runs `work` as one of the short ones. */
export const underGate = async <T>(gate: LoadGate, work: () => Promise<T>): Promise<T> => {
  const leave = gate.enter("short");
  try {
    return await work();
  } finally {
    leave();
  }
};
