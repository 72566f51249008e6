import { setMaxListeners } from "node:events";
import { DelayedError, type Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { DueWebhook } from "../domain/webhook.ts";
import { QUEUE_PREFIX, WEBHOOK_QUEUE_NAME } from "./queue-names.ts";
import { createTenantSlots } from "./tenant-slots.ts";
import type { DeliverWebhook, WebhookConsumer } from "./webhook-queue.ts";
import { createPauses } from "./worker-pauses.ts";

/** As entries have it since there were only jobs' webhooks. */
interface Entry {
  tenant: DueWebhook["tenant"];
  job: DueWebhook["id"];
}

export interface BullWebhookConsumerOptions {
  /** A lasting connection. */
  connection: Redis;
  deliver: DeliverWebhook;
  /** Deliveries at once: sockets that wait, mostly. */
  concurrency?: number;
  /** Of these, one tenant's: receivers that do not answer must not keep the other tenants waiting. */
  concurrencyPerTenant?: number;
  /** After which a process that gave no heartbeat has lost its deliveries; they are done again elsewhere. */
  lockMs: number;
  onError: (error: Error) => void;
}

/**
 * The consumer's side on BullMQ, whose locks let one process at a time have a webhook, and whose check for stalled entries gives
 * those of a process that died to another. What is to be tried again waits in its set of delayed entries.
 */
export const createBullWebhookConsumer = (options: BullWebhookConsumerOptions): WebhookConsumer => {
  const { connection, deliver, concurrency = 64, concurrencyPerTenant = 8, lockMs, onError } = options;
  const stopping = new AbortController();
  // Each delivery listens.
  setMaxListeners(concurrency, stopping.signal);
  const slots = createTenantSlots(concurrencyPerTenant, () => performance.now());

  const putAside = async (job: Job<Entry>, token: string | undefined, laterMs: number): Promise<never> => {
    await job.moveToDelayed(Date.now() + laterMs, token);
    throw new DelayedError();
  };

  const process = async (job: Job<Entry>, token?: string): Promise<void> => {
    const { tenant, job: id } = job.data;
    const crowdedMs = slots.take(tenant);
    if (crowdedMs > 0) return putAside(job, token, crowdedMs);
    const startedMs = performance.now();
    try {
      const outcome = await deliver({ tenant, id }, stopping.signal);
      if (outcome !== "settled") await putAside(job, token, outcome.laterMs);
    } finally {
      slots.free(tenant, performance.now() - startedMs);
    }
  };

  const worker = new Worker<Entry>(WEBHOOK_QUEUE_NAME, process, {
    connection,
    prefix: QUEUE_PREFIX,
    concurrency,
    lockDuration: lockMs,
    lockRenewTime: Math.round(lockMs / 4),
    stalledInterval: Math.max(Math.round(lockMs / 2), 500),
    maxStalledCount: 1_000_000,
    drainDelay: 5,
    runRetryDelay: 500,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on("error", onError);
  createPauses(worker, { isClosing: () => worker.closing !== undefined, onError });
  worker.on("failed", (_job, error) => onError(error));

  return {
    close: async (limitMs) => {
      const closed = worker.close().catch(onError);
      const limit = setTimeout(() => stopping.abort(), limitMs);
      // Once more the limit, for Redis to take back what was aborted.
      const deadline = new Promise((resolve) => setTimeout(resolve, 2 * limitMs).unref());
      await Promise.race([closed, deadline]);
      clearTimeout(limit);
    },
  };
};
