import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { DueWebhook } from "../domain/webhook.ts";
import { ANSWER_MS, answered } from "./answered.ts";
import { QUEUE_PREFIX, WEBHOOK_QUEUE_NAME } from "./queue-names.ts";
import type { WebhookQueue } from "./webhook-queue.ts";

export interface BullWebhookQueueOptions {
  /** A connection that fails fast. */
  connection: Redis;
  onError: (error: Error) => void;
}

/** An outage is not the receiver's fault: what throws is tried again, however often. When to stop is the use case's to say. */
const whenItThrows = { attempts: 1_000_000, backoff: { type: "fixed", delay: 5000, jitter: 0.5 } };

/** The producer's side on BullMQ. An entry's id is its job's, and nothing but ids travels. */
export const createBullWebhookQueue = ({ connection, onError }: BullWebhookQueueOptions): WebhookQueue => {
  const opened = (): Queue<DueWebhook> => {
    const queue = new Queue<DueWebhook>(WEBHOOK_QUEUE_NAME, {
      connection,
      prefix: QUEUE_PREFIX,
      skipWaitingForReady: true,
      defaultJobOptions: {
        ...{ ...whenItThrows, removeOnComplete: true, removeOnFail: true, sizeLimit: 65_536 },
        stackTraceLimit: 1,
      },
      streams: { events: { maxLen: 1000 } },
    });
    queue.on("error", onError);
    return queue;
  };
  let first: Queue<DueWebhook> | null = null;
  /** As in the training queue: made while Redis is away, it would never work. */
  const ready = (): Queue<DueWebhook> => {
    if (first === null && connection.status !== "ready") throw new Error(`the connection is ${connection.status}`);
    first ??= opened();
    return first;
  };
  return {
    add: async (webhooks) => {
      if (webhooks.length === 0) return;
      const entries = webhooks.map(({ tenant, job }) => ({
        ...{ name: "deliver", data: { tenant, job }, opts: { jobId: job } },
      }));
      await answered("webhook queue", () => ready().addBulk(entries));
    },
    close: async () => {
      await Promise.race([first?.close(), new Promise((resolve) => setTimeout(resolve, ANSWER_MS).unref())]);
    },
  };
};
