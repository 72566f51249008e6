import { answered } from "./answered.ts";
import { createLazyQueues, type LazyQueuesOptions } from "./lazy-queues.ts";
import { WEBHOOK_QUEUE_NAME } from "./queue-names.ts";
import type { WebhookQueue } from "./webhook-queue.ts";

/** An outage is not the receiver's fault: what throws is tried again, however often. When to stop is the use case's to say. */
const whenItThrows = { attempts: 1_000_000, backoff: { type: "fixed", delay: 5000, jitter: 0.5 } };

/** The producer's side on BullMQ. An entry's id is that of what has ended, and nothing but ids travels. */
export const createBullWebhookQueue = ({
  connection,
  onError,
}: Pick<LazyQueuesOptions, "connection" | "onError">): WebhookQueue => {
  const jobs = {
    ...{ ...whenItThrows, removeOnComplete: true, removeOnFail: true, sizeLimit: 65_536 },
    stackTraceLimit: 1,
  };
  const { ready, close } = createLazyQueues({ connection, jobs, onError });
  return {
    add: async (webhooks) => {
      if (webhooks.length === 0) return;
      const entries = webhooks.map(({ tenant, id }) => ({
        ...{ name: "deliver", data: { tenant, job: id }, opts: { jobId: id } },
      }));
      await answered("webhook queue", () => ready(WEBHOOK_QUEUE_NAME).addBulk(entries));
    },
    close,
  };
};
