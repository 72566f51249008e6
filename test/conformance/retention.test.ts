import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { Model } from "../../src/domain/models/model.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";
import { applyRetention } from "../../src/usecases/upkeep/retention.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { modelOf, newDataset, newJob, tick } from "./records.ts";
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
    ...{ artifacts, jobs: stores.jobs, catalogue: stores.catalogue, log: quiet },
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
    const model: Model = modelOf(job);
    await artifacts.write(artifactKeys.weights("acme", model.id, "00"), bytes("w"));
    await stores.jobs.succeed(fence, model, { testAccuracy: 1 }, tick());
    if (published) {
      await artifacts.write(artifactKeys.modelManifest("acme", model.id), bytes(model));
      await artifacts.write(artifactKeys.jobManifest("acme", job.id), bytes(await stores.jobs.get("acme", job.id)));
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
        ...[artifactKeys.jobManifest("acme", job.id), artifactKeys.checkpoint("acme", running.id, 1, 1)],
        ...[artifactKeys.modelManifest("acme", model.id), artifactKeys.weights("acme", model.id, "00")],
      ].sort(),
    );
  });

  it("deletes what is older than the limit, files and records", async () => {
    const { model } = await train(await upload());
    await applyRetention(daysLater(29), 30 * DAY_MS);
    expect(await stores.catalogue.model("acme", model.id)).toEqual(model);
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
    expect(await stores.catalogue.model("acme", base.model.id)).toEqual(base.model);
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

  it("rebuilds data sets, models and finished jobs from the store, even those that a crash left without a manifest", async () => {
    const dataset = await upload();
    const [first, second] = [await train(dataset), await train(dataset, { published: false })];
    await applyRetention(daysLater(0), null);
    await stores.clear();
    await applyRetention(daysLater(1000), null);
    const deps = { artifacts, jobs: stores.jobs, catalogue: stores.catalogue, log: quiet };
    expect(await reindex(deps)).toEqual({ datasets: 1, models: 2, jobs: 2, unreadable: [] });
    expect(await reindex(deps)).toMatchObject({ jobs: 0 });
    expect((await stores.jobs.list("acme", all, "succeeded")).items).toEqual([second.job, first.job]);
    expect(await stores.catalogue.model("acme", second.model.id)).toEqual(second.model);
    await expect(stores.catalogue.removeDataset("acme", dataset.id)).rejects.toMatchObject({ code: "in_use" });
    expect((await stores.jobs.create(newJob("acme", dataset, { base: first.model.id }))).created).toBe(true);
  });

  it("leaves out a manifest that it cannot understand, and says so", async () => {
    const dataset = await upload();
    const key = artifactKeys.modelManifest("acme", "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    await artifacts.write(key, bytes("{"));
    await stores.clear();
    const found = await reindex({ artifacts, jobs: stores.jobs, catalogue: stores.catalogue, log: quiet });
    expect(found).toEqual({ datasets: 1, models: 0, jobs: 0, unreadable: [key] });
    expect(await stores.catalogue.dataset("acme", dataset.id)).toEqual(dataset);
  });
});
