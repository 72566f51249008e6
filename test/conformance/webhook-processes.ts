import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { JobId } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import { createBullWebhookConsumer } from "../../src/queue/bull-webhook-consumer.ts";
import { createBullWebhookQueue } from "../../src/queue/bull-webhook-queue.ts";
import type { WebhookConsumer } from "../../src/queue/webhook-queue.ts";
import { createRedisWebhookOutbox } from "../../src/store/redis/outboxes/redis-webhook-outbox.ts";
import {
  createLastingConnection,
  createProducerConnection,
  waitForRedis,
} from "../../src/store/redis/redis-connection.ts";
import { deliverWebhook } from "../../src/usecases/upkeep/deliver-webhook.ts";
import { relayWebhooks, startWebhookRelay } from "../../src/usecases/upkeep/relay-webhooks.ts";
import { createAddressPolicy } from "../../src/webhooks/address-policy.ts";
import { createPostWebhook } from "../../src/webhooks/post-webhook.ts";
import { deriveSecret } from "../../src/webhooks/signature.ts";
import { type Answer, type Receiver, startReceiver } from "../webhooks/receiver.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { modelOf, newDataset, newJob, tick } from "./records.ts";
import { type FragileRedis, quiet, startFragileRedis } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";

const ignore = () => {};
export const master = "a master secret of forty characters, more";
const now = () => new Date();

/** What a test of deliveries stands on: a Redis and stores for all, and API processes, in parts, for each. */
export const useWebhookProcesses = () => {
  let server: FragileRedis;
  let stores: JobStoresUnderTest;
  const dataset = newDataset();
  const closing: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startFragileRedis();
    stores = await openRedisStores(server.url);
  });
  beforeEach(async () => {
    await stores.clear();
    for (const tenant of ["acme", "rival"]) await stores.catalogue.addDataset(tenant, dataset);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await stores.close();
    await server.stop();
  });

  const receive = async (answer?: Answer, port = 0): Promise<Receiver> => {
    const receiver = await startReceiver(answer, { port });
    closing.push(() => receiver.close());
    return receiver;
  };

  interface Options {
    retryMs?: number[];
    lockMs?: number;
    concurrencyPerTenant?: number;
    timeoutMs?: number;
  }
  /** What one API process does for webhooks, in parts: each test starts those it is about. */
  const openProcess = async (options: Options = {}) => {
    const { retryMs = [20, 20, 20], lockMs = 10_000, timeoutMs = 5000, ...limit } = options;
    const redis = createProducerConnection(server.url, ignore);
    const lasting = createLastingConnection(server.url, ignore);
    const subscriber = createLastingConnection(server.url, ignore);
    await Promise.all([redis, lasting, subscriber].map((connection) => waitForRedis(connection, 5000)));
    const outbox = createRedisWebhookOutbox({ redis, subscriber });
    const queue = createBullWebhookQueue({ connection: redis, onError: ignore });
    const deps = {
      outbox,
      post: createPostWebhook({ policy: createAddressPolicy(["127.0.0.1"]), timeoutMs }),
      secretsOf: (tenant: string) => [deriveSecret(master, tenant)],
      ...{ retryMs, now, random: Math.random, log: quiet },
    };
    const consumers: WebhookConsumer[] = [];
    closing.push(async () => {
      await Promise.all(consumers.map((consumer) => consumer.close(500)));
      await queue.close();
      for (const connection of [redis, lasting, subscriber]) connection.disconnect();
    });
    const consume = (deliver: typeof deliverWebhook = deliverWebhook): WebhookConsumer => {
      const consumer = createBullWebhookConsumer({
        ...{ connection: lasting, lockMs, onError: ignore, ...limit },
        deliver: (webhook, signal) => deliver(deps, webhook, signal),
      });
      consumers.push(consumer);
      return consumer;
    };
    const relayDeps = { outbox, queue, now, log: quiet };
    return {
      ...{ outbox, queue, consume },
      relay: () => relayWebhooks(relayDeps),
      startRelay: () => void closing.push(startWebhookRelay(relayDeps)),
      /** As a process that is gone: its sockets close, and nobody tidies up. */
      vanish: () => lasting.disconnect(),
    };
  };
  const startProcess = async (options?: Options) => {
    const process = await openProcess(options);
    process.consume();
    process.startRelay();
    return process;
  };

  const submit = async (url: string, tenant = "acme"): Promise<JobId> =>
    (await stores.jobs.create(newJob(tenant, dataset, { webhook: `${url}/hooks` }))).job.id;
  const finish = async (id: JobId, tenant = "acme"): Promise<void> => {
    const { fence, job } = (await stores.jobs.claim(tenant, id, "trainer", tick()))!;
    await stores.jobs.succeed(fence, modelOf(job), { testAccuracy: 0.75 }, tick());
  };
  const end = async (url: string, tenant = "acme"): Promise<JobId> => {
    const id = await submit(url, tenant);
    await finish(id, tenant);
    return id;
  };
  const eventsOf = async (id: JobId, tenant = "acme") =>
    (await stores.jobs.events(tenant, id, { from: null, limit: limits.eventsPerJob })).filter(({ type }) =>
      type.startsWith("webhook"),
    );
  const untilEvent = (id: JobId, type: string, tenant = "acme") =>
    expect
      .poll(async () => (await eventsOf(id, tenant)).map((event) => event.type), { timeout: 20_000 })
      .toContain(type);

  return {
    ...{ openProcess, startProcess, receive, submit, end, eventsOf, untilEvent, closing },
    stores: () => stores,
    server: () => server,
  };
};
