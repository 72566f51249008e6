import { type DefaultJobOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { ANSWER_MS } from "./answered.ts";
import { QUEUE_PREFIX } from "./queue-names.ts";
import type { QueueEntry } from "./training-queue.ts";

export interface LazyQueuesOptions {
  /** A connection that fails fast: `enableOfflineQueue: false` and a command timeout. */
  connection: Redis;
  jobs: DefaultJobOptions;
  /** Told of every connection error; without it the first would end the process. */
  onError: (error: Error) => void;
}

export interface LazyQueues {
  /** The queue of this name. Throws while there is no connection. */
  ready(name: string): Queue<QueueEntry>;
  close(): Promise<void>;
}

/**
 * A producer's queues on BullMQ, each made when first asked for. BullMQ asks Redis for its version once, when a queue is made, and one
 * that got no answer would never work: it is put away, and the next question makes another.
 */
export const createLazyQueues = ({ connection, jobs, onError }: LazyQueuesOptions): LazyQueues => {
  const open = new Map<string, Queue<QueueEntry>>();
  const make = (name: string): Queue<QueueEntry> => {
    const queue = new Queue<QueueEntry>(name, {
      ...{ connection, prefix: QUEUE_PREFIX, skipWaitingForReady: true },
      ...{ defaultJobOptions: jobs, streams: { events: { maxLen: 1000 } } },
    });
    queue.on("error", onError);
    queue.waitUntilReady().catch(() => {
      if (open.get(name) === queue) open.delete(name);
      queue.close().catch(onError);
    });
    open.set(name, queue);
    return queue;
  };
  return {
    ready: (name) => {
      const known = open.get(name);
      if (known !== undefined) return known;
      if (connection.status !== "ready") throw new Error(`the connection is ${connection.status}`);
      return make(name);
    },
    close: async () => {
      const closed = Promise.all([...open.values()].map((queue) => queue.close()));
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, ANSWER_MS).unref())]);
    },
  };
};
