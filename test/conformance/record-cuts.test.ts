import { Readable } from "node:stream";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../src/domain/errors.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { readManifest } from "../../src/store/artifacts/manifest-file.ts";
import { createJobScripts } from "../../src/store/redis/jobs/job-scripts.ts";
import { createEventLog } from "../../src/store/redis/jobs/redis-job-event-log.ts";
import { redisKeys } from "../../src/store/redis/redis-keys.ts";
import { admitEveryone, type Caller } from "../../src/usecases/admission/caller.ts";
import { deleteAlias } from "../../src/usecases/aliases/delete-alias.ts";
import { putAlias } from "../../src/usecases/aliases/put-alias.ts";
import { updateDataset } from "../../src/usecases/datasets/update-dataset.ts";
import { uploadDataset } from "../../src/usecases/datasets/upload-dataset.ts";
import type { Deps } from "../../src/usecases/deps.ts";
import { submitJobs } from "../../src/usecases/jobs/batches/submit-jobs.ts";
import { submitJob } from "../../src/usecases/jobs/submit-job.ts";
import { reconcile } from "../../src/usecases/upkeep/reconcile.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";
import { applyRetention } from "../../src/usecases/upkeep/retention.ts";
import { finishJob, iris, startTestService, type TestService } from "../usecases/service.ts";
import { type CutKind, cutAt, cutKinds } from "./cut.ts";
import { pointAt } from "./records.ts";

const tenant = "default";
const kinds = Object.keys(cutKinds) as CutKind[];

describe("cut short at every step", { timeout: 120_000 }, () => {
  let service: TestService;
  let redis: Redis;
  let caller: Caller;
  let dataset: Dataset;
  const models: string[] = [];

  beforeAll(async () => {
    service = await startTestService();
    redis = new Redis(service.redis.url);
    caller = await admitEveryone("putAlias", undefined, "");
    dataset = await uploadDataset(service.deps, caller, {
      name: "iris",
      body: Readable.from([Buffer.from(iris)]),
    });
    for (let i = 0; i < 2; i++) {
      const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
      models.push((await finishJob(service, (await submitJob(service.deps, caller, { spec })).job)).id);
    }
  });
  afterAll(async () => {
    redis.disconnect();
    await service.close();
  });

  it("a curve as it was kept before, point by point, is read, and packed when its job is published or restored", async () => {
    const { jobs } = service.deps;
    const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
    const { job } = await submitJob(service.deps, caller, { spec });
    await jobs.requestCancel(tenant, job.id, new Date().toISOString());
    const key = `${redisKeys.jobPrefix(tenant)}:${job.id}:metrics`;
    const layers = ["hidden.0", "output"].map((layer, i) => ({
      layer,
      gradientRms: 1 / (i + 3),
      weightRms: 2 / (i + 7),
    }));
    const points = Array.from({ length: 300 }, (_, i) => ({ ...pointAt(i), layers }));
    for (const point of points) await redis.zadd(key, point.step, JSON.stringify(point));
    const all = { afterStep: -1, limit: 1000 };
    expect(await jobs.metrics(tenant, job.id, all)).toEqual(points);
    const before = Number(await redis.memory("USAGE", key, "SAMPLES", 0));
    const ended = await jobs.get(tenant, job.id);
    const restored = async () => {
      await jobs.remove(tenant, job.id);
      await jobs.restore(tenant, ended, { events: [], points });
    };
    for (const pack of [() => jobs.published(tenant, job.id, null), restored]) {
      await pack();
      expect(await jobs.metrics(tenant, job.id, all)).toEqual(points);
      expect(Number(await redis.memory("USAGE", key, "SAMPLES", 0))).toBeLessThan(before / 4);
    }
  });

  it("a curve that is packed while it is read is read whole", async () => {
    const { jobs } = service.deps;
    const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
    const points = Array.from({ length: 40 }, (_, i) => pointAt(i));
    for (const packedAfter of [1, 2]) {
      const { job } = await submitJob(service.deps, caller, { spec });
      await jobs.requestCancel(tenant, job.id, new Date().toISOString());
      for (const point of points)
        await redis.zadd(`${redisKeys.jobPrefix(tenant)}:${job.id}:metrics`, point.step, JSON.stringify(point));
      const reader = redis.duplicate();
      const read = reader.zrangebyscoreBuffer.bind(reader) as (...args: unknown[]) => Promise<Buffer[]>;
      let reads = 0;
      reader.zrangebyscoreBuffer = (async (...args: unknown[]) => {
        const entries = await read(...args);
        if (++reads === packedAfter) await jobs.published(tenant, job.id, null);
        return entries;
      }) as typeof reader.zrangebyscoreBuffer;
      const log = createEventLog(reader, createJobScripts(reader, 1), 1000);
      expect(await log.metrics(tenant, job.id, { afterStep: -1, limit: 1000 })).toEqual(points);
      expect(reads).toBeGreaterThanOrEqual(packedAfter);
      reader.disconnect();
    }
  });

  const put = (deps: Deps, model: string) => putAlias(deps, caller, { name: "live", body: { model } });
  const remove = (deps: Deps) => deleteAlias(deps, caller, { name: "live" });
  const unless = async (codes: readonly string[], call: Promise<unknown>): Promise<void> => {
    await call.catch((error: unknown) => {
      if (!(error instanceof ServiceError) || !codes.includes(error.code)) throw error;
    });
  };

  it.each(kinds)(
    "%s: a submission of many is there as a whole or not at all, and is finished by the same call with its key",
    async (kind) => {
      const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
      const jobs = [
        spec,
        { ...spec, task: { ...spec.task, label: "none" } },
        { ...spec, name: "b" },
        { ...spec, name: "c" },
      ];
      const submit = (deps: Deps, idempotencyKey: string) =>
        submitJobs(deps, caller, { batch: { jobs }, idempotencyKey });
      const queued = async () =>
        (await service.deps.jobs.list(tenant, { pageSize: 100, pageToken: null }, "queued")).items.length;
      for (let n = 0, reached = true; reached; n++) {
        const key = `${kind.replace(" ", "-")}-${n}`;
        const before = await queued();
        const cut = cutAt(service.deps, n, kind);
        await unless(["unavailable"], submit({ ...service.deps, ...cut.parts }, key));
        await cut.settle();
        expect([0, 3]).toContain((await queued()) - before);
        const outcomes = await submit(service.deps, key);
        expect(outcomes.map((outcome) => outcome instanceof ServiceError && outcome.code)).toEqual([
          ...[false, "invalid", false, false],
        ]);
        expect((await queued()) - before).toBe(3);
        await reconcile(service.deps);
        for (const outcome of outcomes)
          if (!(outcome instanceof ServiceError)) expect(await service.deps.queue.tenantOf(outcome.id)).toBe(tenant);
        reached = cut.reached();
      }
    },
  );

  it.each(kinds)(
    "%s: a change of an alias is finished by the same call or the sweep, and a reindex keeps it",
    async (kind) => {
      for (const [act, after] of [
        [(deps: Deps) => put(deps, models[1]!), [models[1]]],
        [remove, []],
      ] as const) {
        for (const repeats of [true, false]) {
          for (let n = 0, reached = true; reached; n++) {
            await put(service.deps, models[0]!);
            const cut = cutAt(service.deps, n, kind);
            await unless(["unavailable"], act({ ...service.deps, ...cut.parts }));
            await cut.settle();
            if (repeats) await unless(["not_found"], act(service.deps));
            await applyRetention(service.deps, null);
            const known = await service.deps.catalogue.aliases(tenant);
            if (repeats) expect(known.map(({ model }) => model)).toEqual(after);
            await redis.flushall();
            await reindex(service.deps);
            expect(await service.deps.catalogue.aliases(tenant)).toEqual(known);
            reached = cut.reached();
          }
        }
      }
    },
  );

  it.each(kinds)("%s: types of a data set that were changed are in its manifest after the sweep", async (kind) => {
    const { deps } = service;
    for (let n = 0, reached = true; reached; n++) {
      const { id } = await uploadDataset(deps, caller, { name: "iris", body: Readable.from([Buffer.from(iris)]) });
      const body = { types: { sepal_width: "category" } };
      const cut = cutAt(deps, n, kind);
      await unless(["unavailable"], updateDataset({ ...deps, ...cut.parts }, caller, { id, body }));
      await cut.settle();
      const known = await deps.catalogue.dataset(tenant, id);
      await applyRetention(deps, null);
      await redis.flushall();
      await reindex(deps);
      expect(await deps.catalogue.dataset(tenant, id)).toEqual(known);
      reached = cut.reached();
    }
  });

  it("a manifest of a data set that was changed since is written again by the sweep, which goes on", async () => {
    const { deps } = service;
    const body = { types: { sepal_width: "category" } };
    const upload = { name: "iris", body: Readable.from([Buffer.from(iris)]) };
    const { id } = await updateDataset(deps, caller, { id: (await uploadDataset(deps, caller, upload)).id, body });
    const key = artifactKeys.datasetManifest(tenant, id);
    const written = await deps.artifacts.readBytes(key);
    for (const bytes of [Buffer.from(written).fill("7", 10, 12), written.subarray(0, 100)]) {
      await deps.artifacts.write(key, bytes);
      await expect(readManifest(deps.artifacts, key)).rejects.toThrow();
      await applyRetention(deps, null);
      expect(await readManifest(deps.artifacts, key)).toEqual(await deps.catalogue.dataset(tenant, id));
    }
  });
});
