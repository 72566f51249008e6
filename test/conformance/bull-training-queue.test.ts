import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createId } from "../../src/domain/ids.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import { openBullQueue } from "./bull-queues.ts";
import { newDataset, newJob, tick } from "./records.ts";
import { type FragileRedis, type RedisServer, startFragileRedis, startRedisServer } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";
import { heldRun, type QueueUnderTest, trainingQueueSuite } from "./training-queue.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

trainingQueueSuite("BullMQ", () => openBullQueue(server.url));

describe("training queue: BullMQ over a Redis that goes away", () => {
  let fragile: FragileRedis;
  let opened: QueueUnderTest;
  beforeEach(async () => {
    fragile = await startFragileRedis();
    opened = await openBullQueue(fragile.url);
  });
  afterEach(async () => {
    await opened.close();
    await fragile.stop();
  });

  it("goes on consuming when Redis comes back from a crash, within ten seconds", async () => {
    const held = heldRun();
    held.release();
    opened.consume(held.run);
    const entry = () => ({ tenant: "acme", job: createId("job", Date.now()) });
    await opened.queue.add(entry(), { place: 1 });
    await expect.poll(() => held.started).toHaveLength(1);
    await fragile.crash();
    await expect.poll(() => opened.queue.counts().catch(() => null), { timeout: 5000 }).not.toBeNull();
    await opened.queue.add(entry(), { place: 1 });
    await expect.poll(() => held.started, { timeout: 10_000 }).toHaveLength(2);
  });
});

describe("training queue: BullMQ over a Redis that refuses writes", () => {
  it("asks now and then, and goes on when they are taken again", async () => {
    const refusing = await startFragileRedis();
    const opened = await openBullQueue(refusing.url);
    const admin = createProducerConnection(refusing.url, () => {});
    await waitForRedis(admin, 5000);
    const held = heldRun();
    held.release();
    const { consumer } = opened.consume(held.run);
    await admin.config("SET", "min-replicas-to-write", "1");
    await expect.poll(() => consumer.load().free, { timeout: 20_000 }).toBe(0);
    await admin.config("SET", "min-replicas-to-write", "0");
    await opened.queue.add({ tenant: "acme", job: createId("job", Date.now()) }, { place: 1 });
    await expect.poll(() => held.started, { timeout: 20_000 }).toHaveLength(1);
    admin.disconnect();
    await opened.close();
    await refusing.stop();
  });
});

describe("fair share", () => {
  const wait = { timeout: 30_000 };

  it("lets a tenant's single job go next, although another has thousands waiting", async () => {
    const stores = await openRedisStores(server.url);
    const { queue, consume, close } = await openBullQueue(server.url);
    const [crowd, dataset] = [2000, newDataset()];
    try {
      for (const tenant of ["acme", "small"]) await stores.catalogue.addDataset(tenant, dataset);
      const submit = async (tenant: string, priority = 0): Promise<string> => {
        const { job, place } = await stores.jobs.create(newJob(tenant, dataset, { priority }));
        await queue.add({ tenant, job: job.id }, { place });
        return job.id;
      };
      for (let made = 0; made < crowd; made += 50) await Promise.all(Array.from({ length: 50 }, () => submit("acme")));
      const order: string[] = [];
      let finishOne = (): void => {};
      consume(async ({ tenant, job }) => {
        await stores.jobs.claim(tenant, job, "trainer", tick());
        order.push(tenant === "small" ? job : tenant);
        await new Promise<void>((resolve) => {
          finishOne = resolve;
        });
        return "ended";
      });
      const afterNext = async (): Promise<void> => {
        const before = order.length;
        finishOne();
        await expect.poll(() => order.length, wait).toBe(before + 1);
      };
      await expect.poll(() => order.length, wait).toBe(1);
      const single = await submit("small");
      await afterNext();
      expect(order).toEqual(["acme", single]);

      const [later, urgent] = [await submit("small"), await submit("small", 10)];
      for (let i = 0; i < 4; i++) await afterNext();
      expect(order.indexOf(urgent)).toBeLessThan(order.indexOf(later));
      expect(order.slice(2).filter((each) => each === "acme").length).toBeGreaterThanOrEqual(1);
      finishOne();
    } finally {
      await close();
      await stores.close();
    }
  });
});
