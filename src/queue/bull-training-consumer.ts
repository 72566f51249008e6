import { DelayedError, type Job, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { DEFAULT_POOL, queueNameOf } from "../domain/jobs/pool.ts";
import { QUEUE_PREFIX } from "./queue-names.ts";
import type { QueueEntry, RunJob, TrainingConsumer } from "./training-queue.ts";
import { createPauses } from "./worker-pauses.ts";

/** Why a run's signal aborted. */
export type AbortReason = "lease_lost" | "closing";

export interface BullTrainingConsumerOptions {
  /** A lasting connection: `maxRetriesPerRequest: null` and a short reconnect delay. */
  connection: Redis;
  run: RunJob;
  /** Whose jobs it takes. Left out: the default one's. */
  pool?: string;
  /** Jobs at once; the trainer's ledger decides which of them compute. */
  concurrency: number;
  /** A holder that has not renewed its lock for so long has lost the entry. */
  lockMs: number;
  nowMs: () => number;
  onError: (error: Error) => void;
}

interface ActiveRun {
  controller: AbortController;
  renewedAtMs: number;
  done: Promise<unknown>;
}

/**
 * The consumer's side on BullMQ. BullMQ does not stop a processor whose lock is lost, so a lease clock of our own aborts it at
 * 0.8 of the lock's life: before any other trainer can be given the entry. How often an entry stalled is not BullMQ's to judge:
 * crashes without progress are counted in the job's record.
 */
export const createBullTrainingConsumer = (options: BullTrainingConsumerOptions): TrainingConsumer => {
  const { lockMs, nowMs, concurrency, onError, pool = DEFAULT_POOL } = options;
  const active = new Map<string, ActiveRun>();
  let takenAtMs = nowMs();
  let taken = 0;
  let closing = false;
  const process = (job: Job<QueueEntry>, token?: string): Promise<void> => {
    // A fetch that was open when `pause()` was called is still served, with the very entry that a run has just handed back.
    if (closing) return handBack(options.connection, job, token);
    takenAtMs = nowMs();
    taken += 1;
    const controller = new AbortController();
    const done = runEntry({ ...options, pause }, job, token, controller.signal).finally(() =>
      active.delete(job.data.job),
    );
    active.set(job.data.job, { controller, renewedAtMs: nowMs(), done: done.catch(() => undefined) });
    return done;
  };

  const worker = new Worker<QueueEntry>(queueNameOf(pool), process, {
    connection: options.connection,
    prefix: QUEUE_PREFIX,
    concurrency,
    lockDuration: lockMs,
    lockRenewTime: Math.round(lockMs / 4),
    stalledInterval: Math.max(Math.round(lockMs / 6), 500),
    maxStalledCount: 1_000_000,
    drainDelay: 5,
    runRetryDelay: 500,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on("error", onError);
  /** Those entries that no trainer has room for wait where they can be seen, and in their order. */
  const pause = createPauses(worker, { isClosing: () => closing, onError });
  worker.on("locksRenewed", ({ jobIds }) => {
    for (const id of jobIds) {
      const run = active.get(id);
      if (run) run.renewedAtMs = nowMs();
    }
  });
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) abort(active.get(id), "lease_lost");
  });
  const leaseClock = setInterval(() => {
    for (const run of active.values()) if (nowMs() - run.renewedAtMs > 0.8 * lockMs) abort(run, "lease_lost");
  }, lockMs / 20);

  const close = async (limitMs: number): Promise<void> => {
    closing = true;
    const deadline = new Promise((resolve) => setTimeout(resolve, limitMs).unref());
    // Not awaited: it resolves only when the running jobs have ended, and they are told to end next.
    const paused = worker.pause(true).catch(onError);
    for (const run of active.values()) abort(run, "closing");
    await Promise.race([Promise.all([...active.values()].map(({ done }) => done)).then(() => paused), deadline]);
    clearInterval(leaseClock);
    await Promise.race([worker.close(active.size > 0).catch(onError), deadline]);
  };

  return {
    close,
    load: () => ({ free: closing || worker.isPaused() ? 0 : Math.max(0, concurrency - active.size), taken }),
    lastSeenMs: () => (worker.isRunning() && !closing ? nowMs() : takenAtMs),
  };
};

const abort = (run: ActiveRun | undefined, reason: AbortReason): void => {
  if (run && !run.controller.signal.aborted) run.controller.abort(reason);
};

/** Runs the entry's job; an entry handed back waits again, without having used up anything. */
const runEntry = async (
  { run, connection, pause }: BullTrainingConsumerOptions & { pause: (until: Promise<void>) => void },
  job: Job<QueueEntry>,
  token: string | undefined,
  signal: AbortSignal,
): Promise<void> => {
  const outcome = await run(job.data, signal);
  if (outcome === "ended") return;
  if (typeof outcome === "object" && "laterMs" in outcome) {
    await job.moveToDelayed(Date.now() + outcome.laterMs, token);
    throw new DelayedError();
  }
  if (outcome !== "hand_back") pause(outcome.untilRoom);
  try {
    await handBack(connection, job, token);
  } catch (error) {
    // The lock was lost: the entry waits again already, or will when its time is over.
    if (signal.reason === "lease_lost" && !(error instanceof WaitingError)) return;
    throw error;
  }
};

/** The entry waits again, for another consumer; throws what tells BullMQ so. */
const handBack = async (connection: Redis, job: Job<QueueEntry>, token: string | undefined): Promise<never> => {
  await job.moveToWait(token);
  // BullMQ wakes nobody for an entry that comes back; an idle trainer would find it at its next look, seconds later.
  await connection.zadd(`${QUEUE_PREFIX}:${job.queueName}:marker`, 0, "0");
  throw new WaitingError();
};
