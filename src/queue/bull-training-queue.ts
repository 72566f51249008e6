import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { ServiceError } from "../domain/errors.ts";
import { LAST_PLACE, QUEUE_NAME, QUEUE_PREFIX } from "./queue-names.ts";
import type { QueueEntry, TrainingQueue } from "./training-queue.ts";

const ANSWER_MS = 900;
const ENDING_RUN_MS = 800;
const ENDING_LOOK_MS = 20;

export interface BullTrainingQueueOptions {
  /** A connection that fails fast: `enableOfflineQueue: false` and a command timeout. */
  connection: Redis;
  /** Told of every connection error; without it the first would end the process. */
  onError: (error: Error) => void;
}

/** The producer's side on BullMQ. An entry's id is its job's, so a job is never queued twice. */
export const createBullTrainingQueue = ({ connection, onError }: BullTrainingQueueOptions): TrainingQueue => {
  const opened = (): Queue<QueueEntry> => {
    const queue = new Queue<QueueEntry>(QUEUE_NAME, {
      connection,
      prefix: QUEUE_PREFIX,
      skipWaitingForReady: true,
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true, sizeLimit: 65_536 },
      streams: { events: { maxLen: 1000 } },
    });
    queue.on("error", onError);
    return queue;
  };
  let first: Queue<QueueEntry> | null = null;
  /** BullMQ asks Redis for its version once, when made; made while Redis is away, it would never work. */
  const ready = (): Queue<QueueEntry> => {
    if (first === null && connection.status !== "ready") throw new Error(`the connection is ${connection.status}`);
    first ??= opened();
    return first;
  };

  /**
   * A run that has just released its job still holds the entry for a moment, and adding now would change nothing and leave the
   * job without an entry. So wait for it; what takes longer is the reconciler's.
   */
  const endingRunIsGone = async (job: string): Promise<void> => {
    for (let waitedMs = 0; waitedMs < ENDING_RUN_MS; waitedMs += ENDING_LOOK_MS) {
      if ((await ready().getJobState(job)) !== "active") return;
      await new Promise((resolve) => setTimeout(resolve, ENDING_LOOK_MS));
    }
  };

  return {
    add: (entry, { place }) =>
      answered(async () => {
        await endingRunIsGone(entry.job);
        await ready().add("train", entry, { jobId: entry.job, priority: Math.min(place, LAST_PLACE) });
      }, ANSWER_MS + ENDING_RUN_MS),
    remove: (entry) =>
      answered(async () => {
        await ready().remove(entry.job);
      }),
    has: (entry) =>
      answered(async () => {
        const state = await ready().getJobState(entry.job);
        return state !== "unknown" && state !== "completed" && state !== "failed";
      }),
    jobs: () =>
      answered(async () => new Set(await ready().getRanges(["wait", "prioritized", "delayed", "active"], 0, -1))),
    counts: () =>
      answered(async () => {
        const counts = await ready().getJobCounts("waiting", "prioritized", "delayed", "active");
        const waiting = (counts.waiting ?? 0) + (counts.prioritized ?? 0) + (counts.delayed ?? 0);
        return { waiting, active: counts.active ?? 0 };
      }),
    close: async () => {
      await Promise.race([first?.close(), new Promise((resolve) => setTimeout(resolve, ANSWER_MS).unref())]);
    },
  };
};

/** BullMQ waits for a connection for ever; a caller of the API is answered within a second. */
const answered = async <T>(ask: () => Promise<T>, limitMs = ANSWER_MS): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([ask(), tooLate]);
  } catch (cause) {
    throw new ServiceError("unavailable", "The training queue cannot be used right now", {
      cause,
      retryAfterSeconds: 2,
    });
  } finally {
    clearTimeout(timer);
  }
};
