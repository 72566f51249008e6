import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { AccessStore } from "../../src/store/access-store.ts";
import type { Catalogue } from "../../src/store/catalogue.ts";
import type { JobStore, NewJob } from "../../src/store/job-store.ts";
import type { StudyStore } from "../../src/store/study-store.ts";
import { modelOf, newDataset, newJob, tick } from "./records.ts";

export interface JobStoresUnderTest {
  jobs: JobStore;
  /** The same records, but each lease has ended as soon as it was given. */
  hasty: JobStore;
  /** The same records; a tenant may have two jobs with trainers. */
  limited: JobStore;
  studies: StudyStore;
  access: AccessStore;
  catalogue: Catalogue;
  /** Forgets everything. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export type OpenJobStores = () => Promise<JobStoresUnderTest>;

/** Fresh records for each test. */
export const useJobStores = (open: OpenJobStores) => {
  const used = { dataset: newDataset() } as JobStoresUnderTest & { dataset: Dataset };
  beforeAll(async () => {
    Object.assign(used, await open());
  });
  beforeEach(() => used.catalogue.addDataset("acme", used.dataset));
  afterEach(() => used.clear());
  afterAll(() => used.close());
  return used;
};

/** What every job store does for users. */
export const jobSubmissionsSuite = (name: string, open: OpenJobStores): void => {
  describe(`job store: ${name}, submissions`, () => {
    const stores = useJobStores(open);
    const create = (requests = {}) => stores.jobs.create(newJob("acme", stores.dataset, requests));
    const claim = async (job: Job) => (await stores.jobs.claim("acme", job.id, "trainer", tick()))!;

    it("records a job as it was given, with its first line of history and the event of it", async () => {
      const wanted = newJob("acme", stores.dataset);
      const { job, created } = await stores.jobs.create(wanted);
      expect(created).toBe(true);
      expect(job).toEqual({
        ...{ id: wanted.id, state: "queued", done: false, progress: 0, spec: wanted.spec, plan: wanted.plan },
        history: [{ state: "queued", at: wanted.createdAt, reason: "submitted", attempt: 0 }],
        ...{
          createdAt: wanted.createdAt,
          startedAt: null,
          endedAt: null,
          attempt: 0,
          metrics: {},
          model: null,
          error: null,
        },
      });
      expect(await stores.jobs.get("acme", job.id)).toEqual(job);
      expect(await stores.jobs.events("acme", job.id, { from: null, limit: 10 })).toMatchObject([
        { type: "state", data: { state: "queued" } },
      ]);
    });

    it("makes one job of one idempotency key, however many ask at once", async () => {
      const idempotency = { key: "k", bodyDigest: "d" };
      const answers = await Promise.all(Array.from({ length: 50 }, () => create({ idempotency })));
      expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      expect((await stores.jobs.list("acme", { pageSize: 10, pageToken: null }, null)).items).toHaveLength(1);
    });

    it("refuses another body under a known key, keeps keys apart by tenant, and frees one with its job", async () => {
      const first = await create({ idempotency: { key: "k", bodyDigest: "d" } });
      await expect(create({ idempotency: { key: "k", bodyDigest: "other" } })).rejects.toMatchObject({
        code: "idempotency_mismatch",
      });
      await stores.catalogue.addDataset("other", stores.dataset);
      const elsewhere = newJob("other", stores.dataset, { idempotency: { key: "k", bodyDigest: "x" } });
      expect((await stores.jobs.create(elsewhere)).created).toBe(true);
      await stores.jobs.requestCancel("acme", first.job.id, tick());
      await stores.jobs.remove("acme", first.job.id);
      expect((await create({ idempotency: { key: "k", bodyDigest: "other" } })).created).toBe(true);
    });

    it("counts queued jobs against the tenant's limit; a repeated key is no new job", async () => {
      const idempotency = { key: "k", bodyDigest: "d" };
      const { job } = await create({ queuedJobs: 2, idempotency });
      await create({ queuedJobs: 2 });
      await expect(create({ queuedJobs: 2 })).rejects.toMatchObject({ code: "quota_exceeded", retryAfterSeconds: 10 });
      expect((await create({ queuedJobs: 2, idempotency })).job.id).toBe(job.id);
      await claim(job);
      expect((await create({ queuedJobs: 2 })).created).toBe(true);
    });

    it("records many at once, each or not by itself, in their order; a repeated key makes none again and tries again what was refused", async () => {
      const base = "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV";
      const wanted = [{}, { base }, {}, {}].map((options) => newJob("acme", stores.dataset, options));
      const lost = newJob("acme", newDataset());
      const batch = (most: number) => ({
        ...{ tenant: "acme", jobs: [...wanted.slice(0, 2), lost, null, ...wanted.slice(2)], createdAt: tick() },
        ...{ idempotency: { key: "k", bodyDigest: "d" }, quota: { queuedJobs: most } },
      });
      const invalid = (pointer: string) =>
        expect.objectContaining({ code: "invalid", errors: [expect.objectContaining({ pointer })] });
      const [first, third, fourth] = [wanted[0]!, wanted[2]!, wanted[3]!];
      const made = (job: NewJob, place: number) => ({
        id: job.id,
        created: true,
        state: "queued",
        place,
        pool: "default",
      });
      expect(await stores.jobs.createAll(batch(2))).toEqual([
        ...[{ ...made(first, 1), waiting: 1 }, invalid("/base/model"), invalid("/dataset"), null],
        ...[
          { ...made(third, 2), waiting: 2 },
          expect.objectContaining({ code: "quota_exceeded", retryAfterSeconds: 10 }),
        ],
      ]);
      expect(
        (await stores.jobs.list("acme", { pageSize: 10, pageToken: null }, null)).items.map(({ id }) => id),
      ).toEqual([third.id, first.id]);
      expect(await stores.jobs.get("acme", first.id)).toEqual((await stores.jobs.create(first)).job);
      await claim(await stores.jobs.get("acme", first.id));
      const again = await stores.jobs.createAll(batch(3));
      expect(again[0]).toEqual({ ...made(first, 1), created: false, state: "running" });
      expect([again[3], again[4]]).toEqual([null, { ...made(third, 2), created: false }]);
      expect(again[5]).toMatchObject({ id: fourth.id, created: true });
      const differently = { ...batch(9), idempotency: { key: "k", bodyDigest: "other" } };
      await expect(stores.jobs.createAll(differently)).rejects.toMatchObject({ code: "idempotency_mismatch" });
      await expect(create({ idempotency: { key: "k", bodyDigest: "d" } })).rejects.toMatchObject({
        code: "idempotency_mismatch",
      });
      expect(await stores.jobs.waitingWork()).toEqual({ jobs: 2, seconds: 0.2 });
    });

    it("finds a single submission's job by its key alone, for the same body", async () => {
      const idempotency = { key: "k", bodyDigest: "d" };
      const look = (bodyDigest = "d") =>
        stores.jobs.createAll({
          ...{ tenant: "acme", jobs: [null], createdAt: tick(), quota: null },
          idempotency: { key: "k", bodyDigest },
        });
      expect(await look()).toEqual([null]);
      const { job, place } = await create({ idempotency });
      expect(await look()).toEqual([{ id: job.id, created: false, state: "queued", place }]);
      await expect(look("other")).rejects.toMatchObject({ code: "idempotency_mismatch" });
      expect((await create({ idempotency })).job.id).toBe(job.id);
    });

    it("never lets concurrent submissions over the limit", async () => {
      const answers = await Promise.allSettled(Array.from({ length: 40 }, () => create({ queuedJobs: 7 })));
      expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(7);
    });

    it("refuses a job whose data set or base model is gone, and leaves nothing of it", async () => {
      const missing = newDataset();
      await expect(stores.jobs.create(newJob("acme", missing))).rejects.toMatchObject({
        code: "invalid",
        errors: [{ pointer: "/dataset" }],
      });
      await expect(create({ base: "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV" })).rejects.toMatchObject({
        errors: [{ pointer: "/base/model" }],
      });
      await expect(stores.jobs.create(newJob("other", stores.dataset))).rejects.toMatchObject({ code: "invalid" });
      expect((await stores.jobs.list("acme", { pageSize: 10, pageToken: null }, null)).items).toEqual([]);
    });

    it("lists newest first in pages that lose and repeat nothing while jobs are added", async () => {
      const made: string[] = [];
      for (let i = 0; i < 25; i++) made.unshift((await create()).job.id);
      const seen: string[] = [];
      for (let pageToken: string | null = null; ; ) {
        const page = await stores.jobs.list("acme", { pageSize: 10, pageToken }, null);
        seen.push(...page.items.map(({ id }) => id));
        await create();
        pageToken = page.nextPageToken;
        if (pageToken === null) break;
      }
      expect(seen).toEqual(made);
    });

    it("tells at a glance how many there are in each state, and which wait first", async () => {
      const jobs = [];
      for (let i = 0; i < 4; i++) jobs.push((await create()).job);
      await claim(jobs[1]!);
      await stores.jobs.requestPause("acme", jobs[3]!.id, tick());
      const { counts, waiting } = await stores.jobs.glance("acme", 1);
      expect(counts).toEqual({
        ...{ queued: 2, running: 1, pausing: 0, paused: 1 },
        ...{ cancelling: 0, succeeded: 0, failed: 0, cancelled: 0 },
      });
      expect(waiting.map(({ id }) => id)).toEqual([jobs[0]!.id]);
      expect((await stores.jobs.glance("acme", 10)).waiting.map(({ id }) => id)).toEqual([jobs[0]!.id, jobs[2]!.id]);
      expect(await stores.jobs.glance("other", 10)).toMatchObject({ counts: { queued: 0, running: 0 }, waiting: [] });
    });

    it("tells in parts which jobs of all tenants are queued, and which of some are not", async () => {
      const { jobs, catalogue } = stores;
      await catalogue.addDataset("umbrella", stores.dataset);
      const ids: string[] = [];
      for (const tenant of ["umbrella", "acme"])
        for (let i = 0; i < 3; i++) ids.push((await jobs.create(newJob(tenant, stores.dataset))).job.id);
      const [ofUmbrella, ofAcme] = [ids.slice(0, 3).sort(), ids.slice(3).sort()];
      await jobs.claim("acme", ofAcme[1]!, "trainer", tick());
      const seen: string[] = [];
      let after: Awaited<ReturnType<typeof jobs.queued>>["last"] = null;
      do {
        const page = await jobs.queued(after, 2);
        expect(page.jobs.length).toBeLessThanOrEqual(2);
        seen.push(...page.jobs.map(({ tenant, id }) => `${tenant}/${id}`));
        after = page.last;
      } while (after !== null);
      const queued = [ofAcme[0], ofAcme[2]].map((id) => `acme/${id}`);
      expect(seen.filter((each) => ids.includes(each.split("/")[1]!))).toEqual([
        ...queued,
        ...ofUmbrella.map((id) => `umbrella/${id}`),
      ]);
      expect(await jobs.notWaiting(ofAcme)).toEqual([ofAcme[1]]);
      expect((await jobs.held()).map(({ id }) => id)).toContain(ofAcme[1]);
    });

    it("lists by state as of now", async () => {
      const [first, second] = [(await create()).job, (await create()).job];
      await claim(first);
      const ids = async (state: "queued" | "running") =>
        (await stores.jobs.list("acme", { pageSize: 10, pageToken: null }, state)).items.map(({ id }) => id);
      expect(await ids("queued")).toEqual([second.id]);
      expect(await ids("running")).toEqual([first.id]);
    });

    it("tells the epoch at which a job last paused by itself", async () => {
      const { job } = await create();
      const { fence } = await claim(job);
      expect(await stores.jobs.reachedEpoch("acme", job.id)).toBeNull();
      expect(await stores.jobs.reach(fence, 3, tick())).toBe("paused");
      expect(await stores.jobs.reachedEpoch("acme", job.id)).toBe(3);
      expect(await stores.jobs.reachedFolds("acme", job.id)).toBeNull();
    });

    it("tells what the folds had said when it paused there", async () => {
      const { job } = await create();
      const folds = { metrics: { outOfFoldLoss: 0.25 }, folds: [{ testLoss: 0.2 }, { testLoss: 0.3 }] };
      expect(await stores.jobs.reach((await claim(job)).fence, 2, tick(), folds)).toBe("paused");
      expect(await stores.jobs.reachedFolds("acme", job.id)).toEqual(folds);
    });

    it("knows nothing of another tenant's job, whatever is asked", async () => {
      const { job } = await create();
      const { fence } = await claim(job);
      const theirs = { ...fence, tenant: "other" };
      const absent = { code: "not_found" };
      const { jobs } = stores;
      await expect(jobs.get("other", job.id)).rejects.toMatchObject(absent);
      await expect(jobs.state("other", job.id)).rejects.toMatchObject(absent);
      await expect(jobs.reachedEpoch("other", job.id)).rejects.toMatchObject(absent);
      await expect(jobs.reachedFolds("other", job.id)).rejects.toMatchObject(absent);
      await expect(jobs.requestPause("other", job.id, tick())).rejects.toMatchObject(absent);
      await expect(jobs.requestResume("other", job.id, tick())).rejects.toMatchObject(absent);
      await expect(jobs.requestCancel("other", job.id, tick())).rejects.toMatchObject(absent);
      await expect(jobs.remove("other", job.id)).rejects.toMatchObject(absent);
      await expect(jobs.checkpoints("other", job.id)).rejects.toMatchObject(absent);
      expect(await jobs.claim("other", job.id, "trainer", tick())).toBeNull();
      expect(await jobs.succeed(theirs, modelOf(job), {}, tick())).toBe(false);
      expect(await jobs.progress(theirs, { progress: 1, metrics: {}, at: tick() })).toEqual({
        held: false,
        state: null,
      });
      expect(await jobs.events("other", job.id, { from: null, limit: 10 })).toEqual([]);
      expect((await jobs.list("other", { pageSize: 10, pageToken: null }, null)).items).toEqual([]);
      expect((await jobs.get("acme", job.id)).state).toBe("running");
      expect(await jobs.state("acme", job.id)).toBe("running");
    });

    it("removes a finished job with everything of it, and no other", async () => {
      const { job } = await create();
      await expect(stores.jobs.remove("acme", job.id)).rejects.toMatchObject({ code: "forbidden_transition" });
      await stores.jobs.requestCancel("acme", job.id, tick());
      expect(await stores.jobs.unpublished("acme")).toEqual([job.id]);
      await stores.jobs.remove("acme", job.id);
      expect(await stores.jobs.unpublished("acme")).toEqual([]);
      await stores.jobs.remove("acme", job.id); // repeated until its files are gone
      const files = `acme/jobs/${job.id}/`;
      expect(await stores.catalogue.removals("acme")).toEqual([{ files, pending: true }]);
      await stores.catalogue.filesRemoved("acme", files);
      expect(await stores.catalogue.removals("acme")).toEqual([{ files, pending: false }]);
      await expect(stores.jobs.get("acme", job.id)).rejects.toMatchObject({ code: "not_found" });
      await expect(stores.jobs.remove("acme", job.id)).rejects.toMatchObject({ code: "not_found" });
      expect(await stores.jobs.events("acme", job.id, { from: null, limit: 10 })).toEqual([]);
      expect((await stores.jobs.list("acme", { pageSize: 10, pageToken: null }, "cancelled")).items).toEqual([]);
    });
  });
};
