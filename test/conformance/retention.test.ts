import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Model } from "../../src/domain/models/model.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { publishJob, readJobLog } from "../../src/store/job-files.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";
import { applyRetention } from "../../src/usecases/upkeep/retention.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { modelOf, newDataset, newJob, pointAt, tick } from "./records.ts";
import { quiet, type RedisServer, startRedisServer } from "./redis-server.ts";
import { openRedisStores } from "./redis-stores.ts";

const DAY_MS = 86_400_000;
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe("what is kept, deleted and rebuilt", () => {
  let server: RedisServer;
  let stores: JobStoresUnderTest;
  let artifacts: ArtifactStore;
  let folder = "";
  beforeAll(async () => {
    server = await startRedisServer();
    stores = await openRedisStores(server.url);
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "descent-retention-"));
    artifacts = await createFileArtifactStore(folder);
  });
  afterEach(async () => {
    await stores.clear();
    await rm(folder, { recursive: true });
  });
  afterAll(async () => {
    await stores.close();
    await server.stop();
  });

  const daysLater = (days: number) => ({
    ...{
      artifacts,
      jobs: stores.jobs,
      catalogue: stores.catalogue,
      access: stores.access,
      studies: stores.studies,
      log: quiet,
    },
    now: () => new Date(Date.parse(tick()) + days * DAY_MS),
  });
  const upload = async (): Promise<Dataset> => {
    const dataset = newDataset();
    await artifacts.write(artifactKeys.datasetFile("acme", dataset.id), bytes("x"));
    await artifacts.write(artifactKeys.datasetManifest("acme", dataset.id), bytes(dataset));
    await stores.catalogue.addDataset("acme", dataset);
    return dataset;
  };
  const checkpoint = (job: Job) => artifacts.write(artifactKeys.checkpoint("acme", job.id, 1, 1), bytes("c"));
  /** As a trainer leaves it that was killed right after its last commit, or one that was not. */
  const train = async (dataset: Dataset, requests: { base?: string; published?: boolean } = {}) => {
    const { base, published = true } = requests;
    const { job } = await stores.jobs.create(newJob("acme", dataset, base === undefined ? {} : { base }));
    const { fence } = (await stores.jobs.claim("acme", job.id, "trainer", tick()))!;
    await checkpoint(job);
    await stores.jobs.appendMetrics(fence, [pointAt(1), pointAt(2)]);
    const model: Model = modelOf(job);
    await artifacts.write(artifactKeys.weights("acme", model.id, "00"), bytes("w"));
    await stores.jobs.succeed(fence, model, { testAccuracy: 1 }, tick());
    if (published) {
      await artifacts.write(artifactKeys.modelManifest("acme", model.id), bytes(model));
      await publishJob({ artifacts, jobs: stores.jobs }, "acme", job.id, await stores.jobs.get("acme", job.id));
    }
    return { job: await stores.jobs.get("acme", job.id), model };
  };
  const all = { pageSize: 100, pageToken: null };

  it("keeps everything that has a record, without a limit, but no checkpoints of finished jobs", async () => {
    const dataset = await upload();
    const { job, model } = await train(dataset);
    const running = (await stores.jobs.create(newJob("acme", dataset))).job;
    await checkpoint(running);
    await applyRetention(daysLater(1000), null);
    expect(await artifacts.list("acme/")).toEqual(
      [
        ...[artifactKeys.datasetFile("acme", dataset.id), artifactKeys.datasetManifest("acme", dataset.id)],
        ...[artifactKeys.jobManifest("acme", job.id), artifactKeys.jobLog("acme", job.id)],
        ...[artifactKeys.checkpoint("acme", running.id, 1, 1)],
        ...[artifactKeys.modelManifest("acme", model.id), artifactKeys.weights("acme", model.id, "00")],
      ].sort(),
    );
  });

  it("asks nothing of what is finished, neither its record nor its files again", async () => {
    const { job } = await train(await upload());
    const deps = daysLater(1);
    await applyRetention(deps, null);
    const asked: string[] = [];
    const list = (prefix: string) => {
      asked.push(prefix);
      return artifacts.list(prefix);
    };
    const unasked = () => Promise.reject(new Error("a record was read"));
    const jobs = { ...deps.jobs, get: unasked };
    const catalogue = { ...deps.catalogue, model: unasked };
    await applyRetention({ ...deps, artifacts: { ...artifacts, list }, jobs, catalogue }, null);
    expect(asked).not.toHaveLength(0);
    expect(asked.filter((prefix) => prefix.includes(job.id))).toEqual([]);
  });

  it("deletes what is older than the limit, files and records", async () => {
    const { model } = await train(await upload());
    await applyRetention(daysLater(29), 30 * DAY_MS);
    expect(await stores.catalogue.model("acme", model.id)).toMatchObject(model);
    await applyRetention(daysLater(31), 30 * DAY_MS);
    expect(await artifacts.list("acme/")).toEqual([]);
    expect((await stores.jobs.list("acme", all, null)).items).toEqual([]);
    expect((await stores.catalogue.datasets("acme", all)).items).toEqual([]);
  });

  it("never deletes what an unfinished job still needs, however old", async () => {
    const [dataset, unused] = [await upload(), await upload()];
    const base = await train(dataset);
    const { job } = await stores.jobs.create(newJob("acme", dataset, { base: base.model.id }));
    await checkpoint(job);
    await applyRetention(daysLater(1000), DAY_MS);
    expect(await stores.catalogue.model("acme", base.model.id)).toMatchObject(base.model);
    expect(await stores.catalogue.dataset("acme", dataset.id)).toEqual(dataset);
    await expect(stores.catalogue.dataset("acme", unused.id)).rejects.toMatchObject({ code: "not_found" });
    expect(await artifacts.list(artifactKeys.checkpoints("acme", job.id))).toHaveLength(1);
    expect(await artifacts.list(artifactKeys.model("acme", base.model.id))).toHaveLength(2);
    expect((await stores.jobs.get("acme", job.id)).state).toBe("queued");
  });

  it("deletes abandoned folders after a day, and nothing that may still become something", async () => {
    const dataset = await upload();
    const [aborted, waiting] = [newDataset(), (await stores.jobs.create(newJob("acme", dataset))).job];
    await artifacts.write(artifactKeys.datasetFile("acme", aborted.id), bytes("half"));
    const gone = newJob("acme", dataset);
    await artifacts.write(artifactKeys.checkpoint("acme", gone.id, 1, 1), bytes("c"));
    for (const { id } of [gone, waiting])
      await artifacts.write(artifactKeys.weights("acme", `mdl_${id.slice(4)}`, "00"), bytes("w"));
    await applyRetention(daysLater(0.5), null);
    expect(await artifacts.list("acme/")).toHaveLength(6);
    await applyRetention(daysLater(2), null);
    expect(await artifacts.list("acme/")).toEqual([
      ...[artifactKeys.datasetFile("acme", dataset.id), artifactKeys.datasetManifest("acme", dataset.id)],
      artifactKeys.weights("acme", `mdl_${waiting.id.slice(4)}`, "00"),
    ]);
  });

  /** Events of a finished job, as they are now, and its curve. */
  const courseOf = async ({ id }: Job) => ({
    events: await stores.jobs.events("acme", id, { from: null, limit: limits.eventsPerJob }),
    points: await stores.jobs.metrics("acme", id, { afterStep: -1, limit: limits.metricPointsPerJob }),
  });
  /** As one that was waiting, with more to tell than one call takes. */
  const cancelled = async (dataset: Dataset): Promise<Job> => {
    const { job } = await stores.jobs.create(newJob("acme", dataset));
    for (let i = 0; i < 600; i++) {
      const event = { at: tick(), level: "info", type: "note", message: String(i), data: { ünï: "→", i } } as const;
      await stores.jobs.appendEvent({ tenant: "acme", job: job.id, attempt: null }, event);
    }
    return stores.jobs.requestCancel("acme", job.id, tick());
  };

  it("rebuilds data sets, models and finished jobs from the store, even those that a crash left without a manifest", async () => {
    const dataset = await upload();
    const [first, second] = [await train(dataset), await train(dataset, { published: false })];
    const third = await cancelled(dataset);
    await applyRetention(daysLater(0), null);
    const jobs = [first.job, second.job, third];
    const courses = await Promise.all(jobs.map(courseOf));
    expect(courses.map(({ events, points }) => [events.length, points.length])).toEqual([
      ...[
        [3, 2],
        [3, 2],
      ],
      [602, 0],
    ]);
    await stores.clear();
    await applyRetention(daysLater(1000), null);
    const deps = {
      artifacts,
      jobs: stores.jobs,
      catalogue: stores.catalogue,
      access: stores.access,
      studies: stores.studies,
      log: quiet,
    };
    expect(await reindex(deps)).toEqual({
      datasets: 1,
      models: 2,
      jobs: 3,
      aliases: 0,
      tenants: 0,
      studies: 0,
      unreadable: [],
    });
    expect(await reindex(deps)).toMatchObject({ jobs: 0 });
    expect((await stores.jobs.list("acme", all, "succeeded")).items).toEqual([second.job, first.job]);
    expect((await stores.jobs.list("acme", all, "cancelled")).items).toEqual([third]);
    expect(await Promise.all(jobs.map(courseOf))).toEqual(courses);
    expect(await stores.catalogue.model("acme", second.model.id)).toMatchObject(second.model);
    await expect(stores.catalogue.removeDataset("acme", dataset.id)).rejects.toMatchObject({ code: "in_use" });
    expect((await stores.jobs.create(newJob("acme", dataset, { base: first.model.id }))).created).toBe(true);
  });

  it("writes a finished job's log again for an event that came after it", async () => {
    const { job } = await train(await upload());
    expect(await stores.jobs.unpublished("acme")).toEqual([]);
    const event = { at: tick(), level: "info", type: "note", message: "late", data: {} } as const;
    const read = await stores.jobs.events("acme", job.id, { from: null, limit: 10 });
    await stores.jobs.appendEvent({ tenant: "acme", job: job.id, attempt: null }, event);
    // Whoever read before that does not have it.
    await stores.jobs.published("acme", job.id, read.at(-1)!.id);
    await publishJob({ artifacts, jobs: stores.jobs }, "acme", job.id, job);
    const course = await courseOf(job);
    await stores.clear();
    await reindex({
      artifacts,
      jobs: stores.jobs,
      catalogue: stores.catalogue,
      access: stores.access,
      studies: stores.studies,
      log: quiet,
    });
    expect(await courseOf(job)).toEqual(course);
    expect(course.events.at(-1)).toMatchObject({ message: "late" });
  });

  it("bounds a log in bytes: the newest events, every second point, the first and the last kept", async () => {
    const dataset = await upload();
    const { job } = await stores.jobs.create(newJob("acme", dataset));
    const { fence } = (await stores.jobs.claim("acme", job.id, "trainer", tick()))!;
    const filler = "x".repeat(100_000);
    for (let i = 0; i < 100; i++) {
      const event = { at: tick(), level: "info", type: "note", message: String(i), data: { filler } } as const;
      await stores.jobs.appendEvent(fence, event);
      await stores.jobs.appendMetrics(fence, [
        { ...pointAt(i), layers: [{ layer: filler, gradientRms: 1, weightRms: 1 }] },
      ]);
    }
    await stores.jobs.fail(fence, { code: "diverged", message: "m", hint: "h" }, tick());
    await publishJob({ artifacts, jobs: stores.jobs }, "acme", job.id, await stores.jobs.get("acme", job.id));
    const { events, points } = await readJobLog(artifacts, "acme", job.id);
    expect(JSON.stringify(events).length).toBeLessThan(1.01 * limits.jobEventsBytes);
    expect(JSON.stringify(points).length).toBeLessThan(1.01 * limits.jobPointsBytes);
    expect(events.slice(-2).map(({ message }) => message)).toEqual(["99", "m"]);
    expect(points.map(({ step }) => step).slice(0, 3)).toEqual([0, 2, 4]);
    expect(points.at(-1)!.step).toBe(99);
  });

  it("records a job without its course where its log is torn or missing, and says so", async () => {
    const dataset = await upload();
    const [torn, missing] = [await train(dataset), await train(dataset)];
    await artifacts.write(artifactKeys.jobLog("acme", torn.job.id), bytes({ events: [{ id: "2-0" }, { id: "1-0" }] }));
    await artifacts.remove(artifactKeys.jobLog("acme", missing.job.id));
    await stores.clear();
    const found = await reindex({
      artifacts,
      jobs: stores.jobs,
      catalogue: stores.catalogue,
      access: stores.access,
      studies: stores.studies,
      log: quiet,
    });
    expect(found).toMatchObject({ jobs: 2, unreadable: [artifactKeys.jobLog("acme", torn.job.id)] });
    expect(await stores.jobs.get("acme", torn.job.id)).toEqual(torn.job);
    expect(await courseOf(missing.job)).toEqual({ events: [], points: [] });
  });

  it("leaves out a manifest that it cannot understand, and says so", async () => {
    const dataset = await upload();
    const key = artifactKeys.modelManifest("acme", "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    await artifacts.write(key, bytes("{"));
    await stores.clear();
    const found = await reindex({
      artifacts,
      jobs: stores.jobs,
      catalogue: stores.catalogue,
      access: stores.access,
      studies: stores.studies,
      log: quiet,
    });
    expect(found).toEqual({ datasets: 1, models: 0, jobs: 0, aliases: 0, tenants: 0, studies: 0, unreadable: [key] });
    expect(await stores.catalogue.dataset("acme", dataset.id)).toEqual(dataset);
  });
});
