import type { Config } from "../config.ts";
import type { Log } from "../domain/log.ts";
import { createBullWebhookConsumer } from "../queue/bull-webhook-consumer.ts";
import { createBullWebhookQueue } from "../queue/bull-webhook-queue.ts";
import { createLastingConnection, createProducerConnection } from "../store/redis/redis-connection.ts";
import type { WebhookOutbox } from "../store/webhook-outbox.ts";
import type { WebhookAccess } from "../usecases/deps.ts";
import { deliverWebhook } from "../usecases/upkeep/deliver-webhook.ts";
import { startWebhookRelay } from "../usecases/upkeep/relay-webhooks.ts";
import { createAddressPolicy } from "../webhooks/address-policy.ts";
import { createPostWebhook } from "../webhooks/post-webhook.ts";
import { deriveSecret } from "../webhooks/signature.ts";
import { readWebhookSecrets } from "./keys/webhook-secret.ts";

const stopMs = 2000;
/** For one delivery as a whole: Standard Webhooks suggests 15 to 30 s. */
const deliveryMs = 15_000;

export interface Webhooks {
  /** For submissions; null without a secret. */
  access: WebhookAccess | null;
  start(): void;
  close(): Promise<void>;
}

/** Relay and deliveries of one API process; any number of them work side by side. Without a secret nothing is delivered. */
export const createWebhooks = async (
  config: Config & { redisUrl: string },
  outbox: WebhookOutbox,
  log: Log,
): Promise<Webhooks> => {
  const secrets = await readWebhookSecrets(config);
  if (secrets.length === 0) {
    log.info({}, "webhooks are off: there is no WEBHOOK_SECRET");
    return { access: null, start: () => {}, close: async () => {} };
  }
  const policy = createAddressPolicy(config.webhooks.privateHosts);
  const now = (): Date => new Date();
  const deliverDeps = {
    outbox,
    post: createPostWebhook({ policy, timeoutMs: deliveryMs }),
    secretsOf: (tenant: string) => secrets.map((secret) => deriveSecret(secret, tenant)),
    retryMs: config.webhooks.retryMs,
    ...{ now, random: Math.random, log },
  };
  const onError = (error: Error): void => log.warn({ err: error }, "the webhook queue is in trouble");
  const producer = createProducerConnection(config.redisUrl, onError);
  const lasting = createLastingConnection(config.redisUrl, onError);
  const queue = createBullWebhookQueue({ connection: producer, onError });
  let close = async (): Promise<void> => {};
  return {
    access: policy,
    start: () => {
      const stopRelay = startWebhookRelay({ outbox, queue, now, log });
      const consumer = createBullWebhookConsumer({
        ...{ connection: lasting, lockMs: config.leaseMs, onError },
        deliver: (webhook, signal) => deliverWebhook(deliverDeps, webhook, signal),
      });
      close = async () => {
        await Promise.all([stopRelay(), consumer.close(stopMs)]);
      };
    },
    close: async () => {
      await close();
      await queue.close();
      producer.disconnect();
      lasting.disconnect();
    },
  };
};
