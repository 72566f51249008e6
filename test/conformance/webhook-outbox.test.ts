import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isDone, transitions } from "../../src/domain/jobs/job-state.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Study } from "../../src/domain/studies/study.ts";
import { toWebhookBody, webhookUrlOf } from "../../src/domain/webhook.ts";
import { createRedisWebhookOutbox } from "../../src/store/redis/outboxes/redis-webhook-outbox.ts";
import {
  createLastingConnection,
  createProducerConnection,
  waitForRedis,
} from "../../src/store/redis/redis-connection.ts";
import type { WebhookOutbox } from "../../src/store/webhook-outbox.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { failure, modelOf, newDataset, newJob, newStudy, tick } from "./records.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";

const ignore = () => {};
const url = "https://example.com/hooks";
const future = Number.MAX_SAFE_INTEGER;

describe("the outbox of webhooks", () => {
  let server: RedisServer;
  let stores: JobStoresUnderTest;
  let outbox: WebhookOutbox;
  let disconnect = (): void => {};
  let keys: () => Promise<string[]>;
  const dataset = newDataset();
  beforeAll(async () => {
    server = await startRedisServer();
    stores = await openRedisStores(server.url);
    const redis = createProducerConnection(server.url, ignore);
    const subscriber = createLastingConnection(server.url, ignore);
    await Promise.all([waitForRedis(redis, 5000), waitForRedis(subscriber, 5000)]);
    outbox = createRedisWebhookOutbox({ redis, subscriber });
    keys = () => redis.keys("*");
    disconnect = () => {
      redis.disconnect();
      subscriber.disconnect();
    };
  });
  beforeEach(async () => {
    await stores.clear();
    for (const tenant of ["acme", "other"]) await stores.catalogue.addDataset(tenant, dataset);
  });
  afterAll(async () => {
    disconnect();
    await stores.close();
    await server.stop();
  });

  const submit = async (webhook: string | null = url, tenant = "acme") =>
    (await stores.jobs.create(newJob(tenant, dataset, webhook === null ? {} : { webhook }))).job;
  const claim = async (id: string, from = stores.jobs) => (await from.claim("acme", id, "trainer", tick()))!.fence;
  const dueJobs = async (atMs = future) => (await outbox.due(atMs, 100)).map(({ id }) => id);
  const event = { at: tick(), level: "info", type: "webhook_delivered", message: "delivered", data: {} } as const;

  /** Every way to a final state. */
  const ends: Record<string, (id: string) => Promise<unknown>> = {
    succeed: async (id) =>
      stores.jobs.succeed(await claim(id), modelOf(await stores.jobs.get("acme", id)), { testLoss: 1 }, tick()),
    fail: async (id) => stores.jobs.fail(await claim(id), failure, tick()),
    failWaiting: (id) => stores.jobs.failWaiting("acme", id, failure, tick()),
    cancelWaiting: (id) => stores.jobs.requestCancel("acme", id, tick()),
    cancel: async (id) => {
      const fence = await claim(id);
      await stores.jobs.requestCancel("acme", id, tick());
      return stores.jobs.release(fence, "cancelled", "cancelled", tick());
    },
    reclaimCancelling: async (id) => {
      const { attempt } = await claim(id, stores.hasty);
      await stores.jobs.requestCancel("acme", id, tick());
      return stores.jobs.reclaim("acme", id, attempt, "lost", tick());
    },
    "cancel a paused one": async (id) => {
      await stores.jobs.requestPause("acme", id, tick());
      return stores.jobs.requestCancel("acme", id, tick());
    },
  };

  it("is asked about every transition to a final state", () => {
    const final = Object.entries(transitions).filter(([, { to }]) => isDone(to));
    expect(Object.keys(ends)).toEqual(expect.arrayContaining(final.map(([name]) => name)));
  });

  it.each(Object.keys(ends))("has a job as soon as it ends by %s, and not before", async (name) => {
    const { id } = await submit();
    expect(await dueJobs()).toEqual([]);
    expect(await ends[name]!(id)).toBeTruthy();
    const { done, state } = await stores.jobs.get("acme", id);
    expect(done).toBe(true);
    expect(await outbox.due(0, 10)).toEqual([{ tenant: "acme", id }]);
    expect(await outbox.pending({ tenant: "acme", id })).toMatchObject({ ended: { job: { id, state } }, failures: 0 });
  });

  it.each(Object.keys(ends))("has nothing of a job without a webhook that ends by %s", async (name) => {
    const { id } = await submit(null);
    await ends[name]!(id);
    expect(await dueJobs()).toEqual([]);
    expect(await outbox.pending({ tenant: "acme", id })).toBeNull();
  });

  it("has nothing of a job that goes back to the queue or is paused", async () => {
    const { id } = await submit();
    await stores.jobs.release(await claim(id), "queued", "preempted", tick());
    await stores.jobs.requestPause("acme", id, tick());
    await stores.jobs.requestResume("acme", id, tick());
    const { attempt } = await claim(id, stores.hasty);
    await stores.jobs.reclaim("acme", id, attempt, "lost", tick());
    expect(await dueJobs()).toEqual([]);
  });

  it("has a job once, however often its last commit is repeated", async () => {
    const { id } = await submit();
    const fence = await claim(id);
    const model = modelOf(await stores.jobs.get("acme", id));
    expect(await stores.jobs.succeed(fence, model, {}, tick())).toBe(true);
    expect(await outbox.note({ tenant: "acme", id }, event, true)).toBe(true);
    expect(await stores.jobs.succeed(fence, model, {}, tick())).toBe(true);
    await stores.jobs.requestCancel("acme", id, tick()).catch(ignore);
    expect(await dueJobs()).toEqual([]);
  });

  it("counts failures, and settles once with an event", async () => {
    const { id } = await submit();
    await ends.cancelWaiting!(id);
    const webhook = { tenant: "acme", id };
    for (const failures of [1, 2]) {
      expect(await outbox.note(webhook, { ...event, type: "webhook_failed", level: "warn" }, false)).toBe(true);
      expect(await outbox.pending(webhook)).toMatchObject({ failures });
    }
    expect(await Promise.all([1, 2, 3].map(() => outbox.note(webhook, event, true)))).toEqual([true, false, false]);
    expect(await outbox.pending(webhook)).toBeNull();
    expect(await dueJobs()).toEqual([]);
    const types = (await stores.jobs.events("acme", id, { from: null, limit: limits.eventsPerJob })).map(
      ({ type }) => type,
    );
    expect(types.slice(2)).toEqual(["webhook_failed", "webhook_failed", "webhook_delivered"]);
  });

  it("shows what somebody cares for again later, unless it was settled meanwhile", async () => {
    const [first, second] = [await submit(), await submit()];
    for (const { id } of [first, second]) await ends.cancelWaiting!(id);
    const due = await outbox.due(0, 10);
    await outbox.note({ tenant: "acme", id: first.id }, event, true);
    await outbox.lookAgain(due, 1000);
    expect([await dueJobs(999), await dueJobs(1000)]).toEqual([[], [second.id]]);
  });

  it("forgets a job that was deleted, and leaves nothing of it", async () => {
    const { id } = await submit();
    await ends.cancelWaiting!(id);
    await stores.jobs.remove("acme", id);
    const webhook = { tenant: "acme", id };
    expect(await outbox.pending(webhook)).toBeNull();
    expect(await dueJobs()).toEqual([]);
    expect(await outbox.note(webhook, event, true)).toBe(false);
    expect((await keys()).filter((key) => key.includes(id))).toEqual([]);
  });

  it("has a study as soon as it ends, which its event log tells of, and nothing of one without a webhook", async () => {
    const { studies } = stores;
    const create = async (webhook?: string) => {
      const study = newStudy(dataset, webhook);
      await studies.create({ tenant: "acme", study, idempotency: null, mostOpen: 10 });
      return study;
    };
    const end = (study: Study) => {
      const ended: Study = { ...study, state: "cancelled", done: true, endedAt: tick() };
      return studies.commit("acme", 1, { study: ended, trials: [], events: [] });
    };
    const [told, quiet] = [await create(url), await create()];
    expect(await dueJobs()).toEqual([]);
    expect([await end(told), await end(quiet)]).toEqual([true, true]);
    const webhook = { tenant: "acme", id: told.id };
    expect(await outbox.due(0, 10)).toEqual([webhook]);
    const { ended, failures } = (await outbox.pending(webhook))!;
    expect([failures, webhookUrlOf(ended)]).toEqual([0, url]);
    expect(JSON.parse(toWebhookBody(ended))).toMatchObject({
      type: "study.cancelled",
      data: { id: told.id, best: null },
    });
    await studies.published("acme", told.id);
    expect(await outbox.note(webhook, event, true)).toBe(true);
    const types = (await studies.events("acme", told.id, { from: null, limit: 10 })).map(({ type }) => type);
    expect(types).toEqual(["state", "webhook_delivered"]);
    // Its file lacks the event now.
    expect(await studies.unpublished("acme")).toContain(told.id);
    expect(await dueJobs()).toEqual([]);
    await studies.remove("acme", told.id);
    expect(await outbox.pending(webhook)).toBeNull();
  });

  it("keeps tenants apart", async () => {
    const { id } = await submit(url, "other");
    await stores.jobs.requestCancel("other", id, tick());
    expect(await outbox.due(0, 10)).toEqual([{ tenant: "other", id }]);
    expect(await outbox.pending({ tenant: "acme", id })).toBeNull();
    expect(await outbox.pending({ tenant: "other", id })).not.toBeNull();
  });

  it("tells at once that something is due, until it is told to stop", async () => {
    let heard = 0;
    const stop = outbox.onDue(() => {
      heard += 1;
    });
    // The subscription is under way on a connection of its own: what comes before it is found by looking.
    await expect
      .poll(async () => {
        await ends.cancelWaiting!((await submit()).id);
        return heard;
      })
      .toBeGreaterThan(0);
    stop();
    const before = heard;
    await ends.cancelWaiting!((await submit()).id);
    expect(heard).toBe(before);
  });
});
