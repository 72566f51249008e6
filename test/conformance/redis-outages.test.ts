import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { createId } from "../../src/domain/ids.ts";
import { createBullTrainingQueue } from "../../src/queue/bull-training-queue.ts";
import type { TrainingQueue } from "../../src/queue/training-queue.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { checkpointAt, failure, fenceOf, modelOf, newDataset, newJob, pointAt, tick } from "./records.ts";
import { type FragileRedis, startFragileRedis } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";

const ignore = () => {};
/** A second and what a busy machine adds. */
const PROMISED_MS = 1500;
const RECOVERY_MS = 3000;

describe("Redis that goes away", () => {
  let server: FragileRedis;
  let stores: JobStoresUnderTest;
  let queue: TrainingQueue;
  const dataset = newDataset();
  const closing: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    server = await startFragileRedis();
    stores = await openRedisStores(server.url);
    const connection = createProducerConnection(server.url, ignore);
    await waitForRedis(connection, 5000);
    queue = createBullTrainingQueue({ connection, onError: ignore });
    closing.push(async () => {
      await queue.close();
      connection.disconnect();
      await stores.close();
      await server.stop();
    });
    await stores.catalogue.addDataset("acme", dataset);
  });
  afterEach(async () => {
    server.thaw();
    for (const close of closing.splice(0)) await close();
  });

  /** Repeats as a client does that was told to come back. */
  const persistently = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof ServiceError) || error.code !== "unavailable") throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };

  it("is answered for within a second by every method while it is frozen, and serves within three of its return", async () => {
    const { jobs, catalogue, studies } = stores;
    const study = createId("std", Date.parse(tick()));
    const { job } = await jobs.create(newJob("acme", dataset));
    await queue.add({ tenant: "acme", job: job.id }, { place: 1 });
    const { id } = job;
    const fence = fenceOf("acme", id, 1);
    const page = { pageSize: 1, pageToken: null };
    const event = { at: tick(), level: "info", type: "x", message: "", data: {} } as const;
    const prediction = { model: modelOf(job).id, rows: 0, result: null };
    const alias = { name: "champion", model: null, at: tick(), by: null, condition: null };
    const calls: Record<string, () => Promise<unknown>> = {
      create: () => jobs.create(newJob("acme", dataset)),
      createAll: () => jobs.createAll({ ...newJob("acme", dataset), jobs: [newJob("acme", dataset)] }),
      get: () => jobs.get("acme", id),
      list: () => jobs.list("acme", page, null),
      requestPause: () => jobs.requestPause("acme", id, tick()),
      requestResume: () => jobs.requestResume("acme", id, tick()),
      requestCancel: () => jobs.requestCancel("acme", id, tick()),
      claim: () => jobs.claim("acme", id, "t", tick()),
      progress: () => jobs.progress(fence, { progress: 0, metrics: {}, at: tick() }),
      commitCheckpoint: () => jobs.commitCheckpoint(fence, checkpointAt(fence, 1)),
      checkpoints: () => jobs.checkpoints("acme", id),
      suspicion: () => jobs.suspicion("acme", id),
      succeed: () => jobs.succeed(fence, modelOf(job), {}, tick()),
      fail: () => jobs.fail(fence, failure, tick()),
      release: () => jobs.release(fence, "queued", "", tick()),
      reclaim: () => jobs.reclaim("acme", id, 1, "", tick()),
      announceTrainer: () => jobs.announceTrainer("t", 1, 1000),
      largestTrainer: () => jobs.largestTrainer(),
      pools: () => jobs.pools(),
      waitingWork: () => jobs.waitingWork(),
      glance: () => jobs.glance("acme", 10),
      state: () => jobs.state("acme", id),
      promote: () => jobs.promote("acme", id, null, tick()),
      reachedEpoch: () => jobs.reachedEpoch("acme", id),
      reachedFolds: () => jobs.reachedFolds("acme", id),
      reach: () => jobs.reach(fence, 1, tick()),
      succeedPrediction: () => jobs.succeedPrediction(fence, prediction, {}, tick()),
      failWaiting: () => jobs.failWaiting("acme", id, failure, tick()),
      appendEvent: () => jobs.appendEvent(fence, event),
      events: () => jobs.events("acme", id, { from: null, limit: 1 }),
      appendMetrics: () => jobs.appendMetrics(fence, [pointAt(1)]),
      metrics: () => jobs.metrics("acme", id, { afterStep: -1, limit: 1 }),
      onChange: () => jobs.onChange("acme", id, ignore),
      held: () => jobs.held(),
      queued: () => jobs.queued(null, 1),
      notWaiting: () => jobs.notWaiting([id]),
      unpublished: () => jobs.unpublished("acme"),
      published: () => jobs.published("acme", id, null),
      removals: () => catalogue.removals("acme"),
      filesRemoved: () => catalogue.filesRemoved("acme", "acme/datasets/x/"),
      remove: () => jobs.remove("acme", id),
      restore: () => jobs.restore("acme", { ...job, state: "cancelled", done: true }, { events: [], points: [] }),
      ping: () => jobs.ping(),
      addDataset: () => catalogue.addDataset("acme", newDataset()),
      dataset: () => catalogue.dataset("acme", dataset.id),
      datasets: () => catalogue.datasets("acme", page),
      removeDataset: () => catalogue.removeDataset("acme", dataset.id),
      addModel: () => catalogue.addModel("acme", modelOf(job)),
      changeModel: () => catalogue.changeModel("acme", modelOf(job).id, (model) => model, { unused: true }),
      model: () => catalogue.model("acme", "champion"),
      models: () => catalogue.models("acme", page),
      removeModel: () => catalogue.removeModel("acme", modelOf(job).id),
      referrers: () => catalogue.referrers("acme", dataset.id, 1),
      versions: () => catalogue.versions("acme", "points", null),
      changeAlias: () => catalogue.changeAlias("acme", alias),
      aliases: () => catalogue.aliases("acme"),
      alias: () => catalogue.alias("acme", "champion"),
      aliasManifest: () => catalogue.aliasManifest("acme", "champion"),
      aliasRecords: () => catalogue.aliasRecords("acme"),
      forgetAlias: () => catalogue.forgetAlias("acme", "champion", 1),
      "studies.get": () => studies.get("acme", study),
      "studies.list": () => studies.list("acme", page),
      "studies.trials": () => studies.trials("acme", study),
      "studies.events": () => studies.events("acme", study, { from: null, limit: 1 }),
      "studies.open": () => studies.open(),
      "studies.remove": () => studies.remove("acme", study),
      "studies.unpublished": () => studies.unpublished("acme"),
      "studies.published": () => studies.published("acme", study),
      "queue.remove": () => queue.remove({ job: id }),
      "queue.missing": () => queue.missing([id]),
      "queue.entries": () => queue.entries(0, 1),
      "queue.tenantOf": () => queue.tenantOf(id),
      "queue.counts": () => queue.counts(),
    };
    const stillMissing = Object.keys(jobs).filter((name) => calls[name] === undefined);
    expect(stillMissing).toEqual([]);

    server.freeze();
    const timed = async ([name, call]: [string, () => Promise<unknown>]) => {
      const startMs = performance.now();
      const error: unknown = await call().then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error, name).toMatchObject({ code: "unavailable" });
      expect(performance.now() - startMs, name).toBeLessThan(PROMISED_MS);
    };
    await Promise.all(Object.entries(calls).map(timed));

    server.thaw();
    const returnedMs = performance.now();
    await persistently(() => jobs.ping());
    await persistently(() => queue.counts());
    expect(performance.now() - returnedMs).toBeLessThan(RECOVERY_MS);
  });

  it("a queue that is first asked for while Redis hangs works when Redis is back", async () => {
    server.freeze();
    await expect(queue.counts()).rejects.toMatchObject({ code: "unavailable" });
    server.thaw();
    await persistently(() => queue.counts());
    const { job } = await stores.jobs.create(newJob("acme", dataset));
    const entry = { tenant: "acme", job: job.id };
    await persistently(() => queue.add(entry, { place: 1 }));
    expect(await queue.tenantOf(entry.job)).toBe(entry.tenant);
  });

  it("answers at once, not after a second, when its process is gone; and tells every listener to look again after", async () => {
    const { job } = await stores.jobs.create(newJob("acme", dataset));
    const heard: string[] = [];
    await stores.jobs.onChange("acme", job.id, (id) => heard.push(`job ${id}`));
    await stores.jobs.onChange("other", null, (id) => heard.push(`any ${id}`));
    await server.crash();
    await expect.poll(() => [...heard].sort(), { timeout: 10_000 }).toEqual(["any ", `job ${job.id}`]);
    await persistently(() => stores.jobs.ping());
    heard.length = 0;
    await stores.jobs.requestCancel("acme", job.id, tick());
    await expect.poll(() => heard).toEqual([`job ${job.id}`]);
  });
});
