import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { JobId } from "../../src/domain/ids.ts";
import { CRASHES_OF_SUSPECT } from "../../src/domain/jobs/poison.ts";
import { reconcile, startReconciler } from "../../src/usecases/upkeep/reconcile.ts";
import { openBullQueue } from "./bull-queues.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { checkpointAt, fenceOf, newDataset, newJob, tick } from "./records.ts";
import { quiet, type RedisServer, startRedisServer } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";
import { heldRun, type QueueUnderTest } from "./training-queue.ts";

describe("the reconciler", () => {
  let server: RedisServer;
  let stores: JobStoresUnderTest;
  let opened: QueueUnderTest;
  const dataset = newDataset();
  beforeAll(async () => {
    server = await startRedisServer();
    stores = await openRedisStores(server.url);
  });
  beforeEach(async () => {
    opened = await openBullQueue(server.url);
    await stores.catalogue.addDataset("acme", dataset);
  });
  afterEach(() => opened.close());
  afterAll(async () => {
    await stores.close();
    await server.stop();
  });

  const deps = () => ({ jobs: stores.jobs, queue: opened.queue, log: quiet, now: () => new Date() });
  const submit = async (): Promise<JobId> => (await stores.jobs.create(newJob("acme", dataset))).job.id;
  const stateOf = async (id: JobId) => (await stores.jobs.get("acme", id)).state;
  const crash = async (id: JobId, step: number | null = null): Promise<void> => {
    const { fence } = (await stores.hasty.claim("acme", id, "trainer", tick()))!;
    if (step !== null) await stores.hasty.commitCheckpoint(fence, checkpointAt(fence, step));
  };

  it("queues recorded jobs that have no entry, and no job twice", async () => {
    const ids = [await submit(), await submit(), await submit()];
    await opened.queue.add({ tenant: "acme", job: ids[1]! }, { place: 2 });
    await Promise.all([reconcile(deps()), reconcile(deps())]);
    expect(await opened.queue.counts()).toEqual({ waiting: 3, active: 0 });
    const held = heldRun();
    held.release();
    opened.consume(held.run);
    await expect.poll(() => held.started).toEqual(ids);
  });

  it("finds a missing entry although entries of jobs that need none wait", async () => {
    const [cancelled, missing] = [await submit(), await submit()];
    await opened.queue.add({ tenant: "acme", job: cancelled }, { place: 1 });
    await stores.jobs.requestCancel("acme", cancelled, tick());
    await reconcile(deps());
    expect(await opened.queue.tenantOf(missing)).toBe("acme");
  });

  it("gives the job of a lost trainer back to the queue, and leaves one alone whose trainer lives", async () => {
    const [lost, alive] = [await submit(), await submit()];
    await crash(lost);
    await stores.jobs.claim("acme", alive, "trainer", tick());
    await reconcile(deps());
    expect([await stateOf(lost), await stateOf(alive)]).toEqual(["queued", "running"]);
    expect(await opened.queue.tenantOf(lost)).toBe("acme");
    expect(await opened.queue.tenantOf(alive)).toBe(null);
  });

  it("does for a lost trainer what users had requested of it", async () => {
    const [pausing, cancelling] = [await submit(), await submit()];
    for (const id of [pausing, cancelling]) await crash(id);
    await stores.jobs.requestPause("acme", pausing, tick());
    await stores.jobs.requestCancel("acme", cancelling, tick());
    await reconcile(deps());
    expect([await stateOf(pausing), await stateOf(cancelling)]).toEqual(["paused", "cancelled"]);
    expect(await opened.queue.counts()).toEqual({ waiting: 0, active: 0 });
  });

  it("fails a job that lost its trainer again and again without getting further, with the reason", async () => {
    const id = await submit();
    // Each counts half, and as much as one crash of its own comes on top, while nothing ran beside it.
    for (let lost = 1; lost <= 2 * (CRASHES_OF_SUSPECT + 1); lost++) {
      expect(await stateOf(id)).toBe("queued");
      await crash(id);
      await reconcile(deps());
    }
    expect(await stores.jobs.get("acme", id)).toMatchObject({ state: "failed", error: { code: "poison" } });
    expect(await opened.queue.tenantOf(id)).toBe(null);
  });

  it("does not fail a long job whose trainers are lost often but that gets further", async () => {
    const id = await submit();
    for (let i = 1; i <= 6 * CRASHES_OF_SUSPECT; i++) {
      await crash(id, i);
      await reconcile(deps());
    }
    expect(await stateOf(id)).toBe("queued");
  });

  it("leaves jobs to their trainers right after an outage, as all leases have ended then", async () => {
    const [back, gone] = [await submit(), await submit()];
    for (const id of [back, gone]) await crash(id);
    await reconcile(deps(), { patient: true });
    expect([await stateOf(back), await stateOf(gone)]).toEqual(["running", "running"]);
    await stores.jobs.progress(fenceOf("acme", back, 1), { progress: 0.5, metrics: {}, at: tick() });
    await reconcile(deps());
    expect([await stateOf(back), await stateOf(gone)]).toEqual(["running", "queued"]);
  });

  it("runs by itself, and again", async () => {
    const stop = startReconciler(deps());
    const first = await submit();
    await expect.poll(() => opened.queue.tenantOf(first), { timeout: 10_000 }).toBe("acme");
    const second = await submit();
    await expect.poll(() => opened.queue.tenantOf(second), { timeout: 10_000 }).toBe("acme");
    stop();
  });
});
