import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import { reconcile } from "../../src/usecases/upkeep/reconcile.ts";
import { openBullQueue } from "./bull-queues.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { newDataset, newJob, tick } from "./records.ts";
import { quiet, type RedisServer, startRedisServer } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";
import { heldRun, type QueueUnderTest } from "./training-queue.ts";

describe("pools of trainers", () => {
  const dataset = newDataset();
  let server: RedisServer;
  let stores: JobStoresUnderTest;
  let opened: QueueUnderTest;
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    stores = await openRedisStores(server.url);
    opened = await openBullQueue(server.url);
    for (const tenant of ["acme", "north"]) await stores.catalogue.addDataset(tenant, dataset);
    await stores.jobs.announceTrainer("big", 1000, 60_000, "large");
  });
  afterEach(async () => {
    await stores.close();
    await opened.close();
  });

  const wanted = (pool: string | undefined, tenant = "acme") => {
    const job = newJob(tenant, dataset);
    const { resources } = job.spec;
    return {
      ...{ ...job, spec: { ...job.spec, resources: { ...resources, ...(pool === undefined ? {} : { pool }) } } },
      plan: { ...job.plan, estimatedSeconds: 10 },
    };
  };
  const submit = (pool?: string, tenant?: string) => stores.jobs.create(wanted(pool, tenant));
  const deps = () => ({ jobs: stores.jobs, queue: opened.queue, log: quiet, now: () => new Date() });
  const work = async () =>
    Object.fromEntries(
      await Promise.all((await stores.jobs.pools()).map(async (pool) => [pool, await stores.jobs.waitingWork(pool)])),
    );
  const queued = (...jobs: Job[]) => jobs.map(({ id }) => id);

  it("are known by their trainers, each with its largest; the default one always is", async () => {
    expect(await stores.jobs.pools()).toEqual(["default", "large"]);
    await stores.jobs.announceTrainer("plain", 10, 60_000);
    expect(await stores.jobs.pools()).toEqual(["default", "large"]);
    const largest = await Promise.all(["default", "large", "other"].map((pool) => stores.jobs.largestTrainer(pool)));
    expect(largest).toEqual([10, 1000, 0]);
  });

  it("have their own turns: what a tenant has waiting in one does not set it back in another", async () => {
    for (let i = 0; i < 5; i++) await submit();
    const own = await submit("large");
    const places = [own.place, (await submit("large", "north")).place, (await submit("large")).place];
    expect(places).toEqual([1, 1, 2]);
    expect((await submit()).place).toBe(6);
    expect((await submit("default")).place).toBe(7);
    await stores.jobs.claim("acme", own.job.id, "big", tick());
    expect((await submit("large", "north")).place).toBe(2);
  });

  it("count their own work through every change of a job", async () => {
    const [plain, large] = [(await submit()).job, (await submit("large")).job];
    const both = { default: { jobs: 1, seconds: 10 }, large: { jobs: 1, seconds: 10 } };
    expect(await work()).toEqual(both);
    await stores.jobs.requestPause("acme", large.id, tick());
    expect(await work()).toEqual({ ...both, large: { jobs: 0, seconds: 0 } });
    expect((await stores.jobs.requestResume("acme", large.id, tick())).place).toBe(1);
    expect(await work()).toEqual(both);
    const { fence } = (await stores.jobs.claim("acme", large.id, "big", tick()))!;
    expect(await work()).toEqual({ ...both, large: { jobs: 0, seconds: 0 } });
    await stores.jobs.progress(fence, { progress: 0.5, metrics: {}, at: tick() });
    await stores.jobs.release(fence, "queued", "the trainer is stopping", tick());
    expect(await work()).toEqual({ ...both, large: { jobs: 1, seconds: 5 } });
    for (const { id } of [plain, large]) await stores.jobs.requestCancel("acme", id, tick());
    expect(await work()).toEqual({ default: { jobs: 0, seconds: 0 }, large: { jobs: 0, seconds: 0 } });
  });

  it("count together against a tenant's limits", async () => {
    await submit("large");
    await expect(stores.jobs.create({ ...wanted(undefined), quota: { queuedJobs: 1 } })).rejects.toMatchObject({
      code: "quota_exceeded",
    });
  });

  it("of many jobs recorded at once, each has its own, also when the request is repeated", async () => {
    const jobs = [wanted("large"), wanted(undefined)];
    const batch = { tenant: "acme", jobs, createdAt: tick(), quota: null };
    for (const created of [true, false]) {
      const made = await stores.jobs.createAll({ ...batch, idempotency: { key: "k", bodyDigest: "d" } });
      expect(made).toMatchObject([
        { created, place: 1, pool: "large" },
        { created, place: 1, pool: "default" },
      ]);
    }
  });

  it("have queues of their own: their trainers take no other's entries, and each is asked by itself", async () => {
    const { queue } = opened;
    const [plain, large] = [(await submit()).job, (await submit("large")).job];
    const entryOf = ({ id }: Job) => ({ tenant: "acme", job: id });
    await queue.addAll([
      { ...entryOf(plain), place: 1 },
      { ...entryOf(large), place: 1, pool: "large" },
    ]);
    await queue.add(entryOf(large), { place: 1, pool: "large" });
    expect(await queue.depth()).toEqual({ waiting: 1, delayed: 0, active: 0 });
    expect(await queue.depth("large")).toEqual({ waiting: 1, delayed: 0, active: 0 });
    expect(await queue.entries(0, 10, "large")).toEqual({ jobs: queued(large), next: 0 });
    expect(await queue.missing(queued(plain, large), "large")).toEqual(queued(plain));
    expect([await queue.tenantOf(large.id), await queue.tenantOf(large.id, "large")]).toEqual([null, "acme"]);

    const held = heldRun();
    const { consumer } = opened.consume(held.run, { concurrency: 5, pool: "large" });
    await expect.poll(() => held.started).toEqual(queued(large));
    expect(await queue.counts()).toEqual({ waiting: 1, active: 0 });
    // Handed back, it is there for another of the pool.
    await consumer.close(1000);
    const next = heldRun("ended");
    opened.consume(next.run, { pool: "large" });
    await expect.poll(() => next.started).toEqual(queued(large));
    next.release();
    await expect.poll(() => queue.counts("large")).toEqual({ waiting: 0, active: 0 });
    await queue.remove({ job: plain.id, pool: "large" });
    expect(await queue.counts()).toEqual({ waiting: 1, active: 0 });
    await queue.remove({ job: plain.id });
    expect(await queue.counts()).toEqual({ waiting: 0, active: 0 });
  });

  it("are looked after: entries that lack are put into the job's own queue, those that nobody wants taken out of it", async () => {
    const [plain, large, cancelled, lost] = [
      (await submit()).job,
      (await submit("large")).job,
      (await submit("large")).job,
      (await submit("large")).job,
    ];
    await opened.queue.add({ tenant: "acme", job: cancelled.id }, { place: 1, pool: "large" });
    await stores.jobs.requestCancel("acme", cancelled.id, tick());
    await stores.hasty.claim("acme", lost.id, "big", tick());
    await reconcile(deps(), { from: await reconcile(deps()) });
    const entries = async (pool?: string) => (await opened.queue.entries(0, 10, pool)).jobs.toSorted();
    expect(await entries()).toEqual(queued(plain));
    expect(await entries("large")).toEqual(queued(large, lost).toSorted());
  });
});
