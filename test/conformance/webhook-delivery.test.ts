import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { JobId } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import { webhookIdOf } from "../../src/domain/webhook.ts";
import { createBullWebhookConsumer } from "../../src/queue/bull-webhook-consumer.ts";
import { createBullWebhookQueue } from "../../src/queue/bull-webhook-queue.ts";
import type { WebhookConsumer } from "../../src/queue/webhook-queue.ts";
import { createLastingConnection, createProducerConnection, waitForRedis } from "../../src/store/redis-connection.ts";
import { createRedisWebhookOutbox } from "../../src/store/redis-webhook-outbox.ts";
import { deliverWebhook } from "../../src/usecases/deliver-webhook.ts";
import { relayWebhooks, startWebhookRelay } from "../../src/usecases/relay-webhooks.ts";
import { createAddressPolicy } from "../../src/webhooks/address-policy.ts";
import { createPostWebhook } from "../../src/webhooks/post-webhook.ts";
import { deriveSecret } from "../../src/webhooks/signature.ts";
import { type Answer, answerWith, type Receiver, startReceiver, verify } from "../webhooks/receiver.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { failure, modelOf, newDataset, newJob, tick } from "./records.ts";
import { type FragileRedis, quiet, startFragileRedis } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";

const ignore = () => {};
const master = "a master secret of forty characters, more";
const now = () => new Date();

describe("the delivery of webhooks", () => {
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

  interface Wishes {
    retryMs?: number[];
    lockMs?: number;
    concurrencyPerTenant?: number;
    timeoutMs?: number;
  }
  /** What one API process does for webhooks, in parts: each test starts those it is about. */
  const openProcess = async (wishes: Wishes = {}) => {
    const { retryMs = [20, 20, 20], lockMs = 10_000, timeoutMs = 5000, ...limit } = wishes;
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
  const startProcess = async (wishes?: Wishes) => {
    const process = await openProcess(wishes);
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
    (await stores.jobs.events(tenant, id, null, limits.eventsPerJob)).filter(({ type }) => type.startsWith("webhook"));
  const untilEvent = (id: JobId, type: string, tenant = "acme") =>
    expect
      .poll(async () => (await eventsOf(id, tenant)).map((event) => event.type), { timeout: 20_000 })
      .toContain(type);

  it("tells of a success, a failure and a cancellation, signed, with what came of the job", async () => {
    const receiver = await receive();
    await startProcess();
    const succeeded = await end(receiver.url);
    const failed = await submit(receiver.url);
    await stores.jobs.fail((await stores.jobs.claim("acme", failed, "trainer", tick()))!.fence, failure, tick());
    const cancelled = await submit(receiver.url);
    await stores.jobs.requestCancel("acme", cancelled, tick());
    await receiver.arrived(3);
    const secret = deriveSecret(master, "acme");
    const messages = new Map(receiver.received.map((each) => [each.headers["webhook-id"], verify(secret, each)]));
    const { endedAt, model } = await stores.jobs.get("acme", succeeded);
    expect(messages.get(webhookIdOf(succeeded))).toMatchObject({
      type: "job.succeeded",
      timestamp: endedAt,
      data: { id: succeeded, state: "succeeded", model, error: null, metrics: { testAccuracy: 0.75 }, attempt: 1 },
    });
    expect(messages.get(webhookIdOf(failed))).toMatchObject({ type: "job.failed", data: { error: failure } });
    expect(messages.get(webhookIdOf(cancelled))).toMatchObject({ type: "job.cancelled", data: { startedAt: null } });
    for (const id of [succeeded, failed, cancelled]) await untilEvent(id, "webhook_delivered");
    expect((await eventsOf(succeeded))[0]).toMatchObject({ level: "info", data: { status: 204, delivery: 1 } });
  });

  it("signs for each tenant with a secret of its own", async () => {
    const receiver = await receive();
    await startProcess();
    await end(receiver.url, "rival");
    const [message] = await receiver.arrived(1);
    expect(() => verify(deriveSecret(master, "acme"), message!)).toThrow(/signature/i);
    expect(verify(deriveSecret(master, "rival"), message!).type).toBe("job.succeeded");
  });

  it("tries again after answers that are no success, with the same id and body, and says so", async () => {
    const receiver = await receive(answerWith(500, 302, 429, 200));
    await startProcess();
    const id = await end(receiver.url);
    await untilEvent(id, "webhook_delivered");
    expect(receiver.received.map(({ headers, body }) => [headers["webhook-id"], body])).toEqual(
      Array.from({ length: 4 }, () => [webhookIdOf(id), receiver.received[0]?.body]),
    );
    for (const message of receiver.received) verify(deriveSecret(master, "acme"), message);
    const events = await eventsOf(id);
    expect(events.map(({ level, type, data }) => [level, type, data.delivery, data.status])).toEqual([
      ["warn", "webhook_failed", 1, 500],
      ["warn", "webhook_failed", 2, 302],
      ["warn", "webhook_failed", 3, 429],
      ["info", "webhook_delivered", 4, 200],
    ]);
    expect(events[1]!.message).toMatch(
      /^webhook delivery 2 failed: answered 302; redirects are not followed; the next/,
    );
    expect(Date.parse(String(events[0]!.data.nextAt))).toBeGreaterThan(Date.parse(events[0]!.at));
  });

  it("tries again after a refused connection, until the receiver is there", async () => {
    const gone = await startReceiver();
    await gone.close();
    await startProcess({ retryMs: Array.from({ length: 200 }, () => 50) });
    const id = await end(gone.url);
    await untilEvent(id, "webhook_failed");
    expect((await eventsOf(id))[0]!.message).toContain("the connection was refused");
    const back = await receive(undefined, gone.port);
    await back.arrived(1);
    await untilEvent(id, "webhook_delivered");
    expect(back.received).toHaveLength(1);
  });

  it("gives up after the last pause, and at once when the receiver is gone for good", async () => {
    const broken = await receive(answerWith(500));
    const gone = await receive(answerWith(410));
    const { outbox } = await startProcess({ retryMs: [10, 10] });
    const [first, second] = [await end(broken.url), await end(gone.url)];
    for (const id of [first, second]) await untilEvent(id, "webhook_given_up");
    expect([broken.received.length, gone.received.length]).toEqual([3, 1]);
    expect((await eventsOf(first)).at(-1)).toMatchObject({
      level: "error",
      message: "the webhook was given up after 3 deliveries: answered 500",
    });
    expect((await eventsOf(second)).map(({ type }) => type)).toEqual(["webhook_given_up"]);
    expect(await outbox.due(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
  });

  it("waits between deliveries as long as it says, or up to a quarter longer", async () => {
    const receiver = await receive(answerWith(500, 204));
    await startProcess({ retryMs: [400] });
    const id = await end(receiver.url);
    await untilEvent(id, "webhook_delivered");
    const [failed, delivered] = (await eventsOf(id)).map(({ at }) => Date.parse(at));
    const pauseMs = Date.parse(String((await eventsOf(id))[0]!.data.nextAt)) - failed!;
    expect(pauseMs).toBeGreaterThanOrEqual(400);
    expect(pauseMs).toBeLessThanOrEqual(501);
    expect(delivered! - failed!).toBeGreaterThanOrEqual(400);
  });

  it("loses nothing that ended while nobody delivered", async () => {
    const receiver = await receive();
    const ids = [await end(receiver.url), await end(receiver.url), await end(receiver.url)];
    await startProcess();
    for (const id of ids) await untilEvent(id, "webhook_delivered");
    expect(receiver.received.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.map(webhookIdOf).sort());
  });

  it("loses nothing when the relay dies between its two steps, and repeats nothing", async () => {
    const receiver = await receive();
    const ids = [await end(receiver.url), await end(receiver.url)];
    const first = await openProcess();
    await first.queue.add(await first.outbox.due(Date.now(), 10)); // and dies before it notes that
    const second = await startProcess();
    await second.relay();
    for (const id of ids) await untilEvent(id, "webhook_delivered");
    // What a slow relay adds after all is over finds nothing to do.
    await first.queue.add(ids.map((job) => ({ tenant: "acme", job })));
    const last = await end(receiver.url);
    await untilEvent(last, "webhook_delivered");
    expect(receiver.received).toHaveLength(3);
  });

  it("puts in again what the queue lost", async () => {
    const receiver = await receive();
    const { relay, consume, outbox } = await openProcess();
    const id = await end(receiver.url);
    await relay();
    const redis = createProducerConnection(server.url, ignore);
    closing.push(() => redis.disconnect());
    await waitForRedis(redis, 5000);
    const lost = await redis.keys("{descent}:q:webhooks:*");
    expect(lost.length).toBeGreaterThan(0);
    await redis.del(...lost);
    consume();
    expect(await outbox.due(Date.now(), 10)).toEqual([]);
    const later = await openProcess();
    await relayWebhooks({ ...later, now: () => new Date(Date.now() + 11 * 60_000), log: quiet });
    await untilEvent(id, "webhook_delivered");
  });

  it("delivers again what a process had under way when it vanished", async () => {
    const receiver = await receive();
    const doomed = await openProcess({ lockMs: 1000 });
    // It tells the receiver, and comes no further.
    doomed.consume((deps, ...args) =>
      deliverWebhook({ ...deps, outbox: { ...deps.outbox, note: () => new Promise(() => {}) } }, ...args),
    );
    const id = await end(receiver.url);
    await doomed.relay();
    await receiver.arrived(1);
    doomed.vanish();
    await startProcess({ lockMs: 1000 });
    await untilEvent(id, "webhook_delivered");
    expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([webhookIdOf(id), webhookIdOf(id)]);
  });

  it("delivers each once, with several processes side by side", async () => {
    const receiver = await receive();
    await Promise.all([startProcess(), startProcess(), startProcess()]);
    const ids = await Promise.all(Array.from({ length: 100 }, () => end(receiver.url)));
    for (const id of ids) await untilEvent(id, "webhook_delivered");
    expect(receiver.received.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.map(webhookIdOf).sort());
  });

  it("goes on when Redis comes back from a crash", async () => {
    const receiver = await receive();
    await startProcess();
    const before = await end(receiver.url);
    await untilEvent(before, "webhook_delivered");
    await server.crash();
    await expect.poll(() => end(receiver.url).catch(() => null), { timeout: 10_000 }).not.toBeNull();
    await receiver.arrived(2);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
  });

  it("keeps no tenant waiting for another one's receivers that do not answer", async () => {
    const silent = await receive(() => {});
    const receiver = await receive();
    const { consume, relay, startRelay } = await openProcess({ concurrencyPerTenant: 2, timeoutMs: 60_000 });
    for (let i = 0; i < 100; i++) await end(silent.url, "rival");
    await relay();
    consume();
    await silent.arrived(2);
    startRelay();
    const id = await end(receiver.url);
    await untilEvent(id, "webhook_delivered");
    expect(silent.received).toHaveLength(2);
  });

  it("hands back at once what is under way when the process stops, without holding it against the receiver", async () => {
    const silent = await receive((response, number) => {
      if (number > 0) response.writeHead(204).end();
    });
    const first = await openProcess();
    const consumer = first.consume();
    const id = await end(silent.url);
    await first.relay();
    await silent.arrived(1);
    await consumer.close(50);
    await startProcess();
    await untilEvent(id, "webhook_delivered");
    expect((await eventsOf(id)).map(({ type, data }) => [type, data.delivery])).toEqual([["webhook_delivered", 1]]);
  });
});
