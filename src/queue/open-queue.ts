import { type DefaultJobOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { ANSWER_MS } from "./answered.ts";
import { QUEUE_PREFIX } from "./queue-names.ts";
import type { QueueEntry } from "./training-queue.ts";

export interface OpenQueueOptions {
  name: string;
  /** A connection that fails fast: `enableOfflineQueue: false` and a command timeout. */
  connection: Redis;
  jobs: DefaultJobOptions;
  /** Told of every connection error; without it the first would end the process. */
  onError: (error: Error) => void;
}

export interface OpenQueue<QueueEntry> {
  /** Throws while there is no connection. */
  ready(): Queue<QueueEntry>;
  close(): Promise<void>;
}

/**
 * A producer's queue on BullMQ, made when first asked for. BullMQ asks Redis for its version once, when a queue is made, and one
 * that got no answer would never work: it is put away, and the next question makes another.
 */
export const openQueue = ({ name, connection, jobs, onError }: OpenQueueOptions): OpenQueue<QueueEntry> => {
  let open: Queue<QueueEntry> | null = null;
  const make = (): Queue<QueueEntry> => {
    const queue = new Queue<QueueEntry>(name, {
      ...{ connection, prefix: QUEUE_PREFIX, skipWaitingForReady: true },
      ...{ defaultJobOptions: jobs, streams: { events: { maxLen: 1000 } } },
    });
    queue.on("error", onError);
    queue.waitUntilReady().catch(() => {
      if (open === queue) open = null;
      queue.close().catch(onError);
    });
    return queue;
  };
  return {
    ready: () => {
      if (open === null && connection.status !== "ready") throw new Error(`the connection is ${connection.status}`);
      open ??= make();
      return open;
    },
    close: async () => {
      await Promise.race([open?.close(), new Promise((resolve) => setTimeout(resolve, ANSWER_MS).unref())]);
    },
  };
};
