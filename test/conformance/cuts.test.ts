import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../src/domain/errors.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { Model } from "../../src/domain/models/model.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { createRedisJobStore } from "../../src/store/redis/jobs/redis-job-store.ts";
import { admitEveryone, type Caller } from "../../src/usecases/admission/caller.ts";
import { deleteDataset } from "../../src/usecases/datasets/delete-dataset.ts";
import { uploadDataset } from "../../src/usecases/datasets/upload-dataset.ts";
import type { Deps } from "../../src/usecases/deps.ts";
import { cancelJob } from "../../src/usecases/jobs/cancel-job.ts";
import { deleteJob } from "../../src/usecases/jobs/delete-job.ts";
import { pauseJob } from "../../src/usecases/jobs/pause-job.ts";
import { resumeJob } from "../../src/usecases/jobs/resume-job.ts";
import { submitJob } from "../../src/usecases/jobs/submit-job.ts";
import { deleteModel } from "../../src/usecases/models/delete-model.ts";
import { reconcile } from "../../src/usecases/upkeep/reconcile.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";
import { applyRetention } from "../../src/usecases/upkeep/retention.ts";
import type { TeamEnd } from "../../workers/engine/team-run.ts";
import type { Attempt } from "../../workers/trainer/attempt-context.ts";
import { commitEnd } from "../../workers/trainer/commit-end.ts";
import type { TrainerDeps } from "../../workers/trainer/trainer-deps.ts";
import { finishJob, iris, startTestService, type TestService } from "../usecases/service.ts";
import { type CutKind, cutAt, cutKinds } from "./cut.ts";
import { expectSound, recordsOf } from "./sound.ts";

const tenant = "default";
const DAY_MS = 86_400_000;
const kinds = Object.keys(cutKinds) as CutKind[];

/** Every operation of more than one step, cut at each of its questions to a store, in every way in which an answer can fail to come. */
describe("cut short at every step", { timeout: 240_000 }, () => {
  let service: TestService;
  let redis: Redis;
  let caller: Caller;
  beforeAll(async () => {
    service = await startTestService();
    redis = new Redis(service.redis.url);
    caller = await admitEveryone("submitJob", undefined, "");
  });
  const clear = async (): Promise<void> => {
    await redis.flushall();
    await service.deps.artifacts.remove(`${tenant}/`);
  };
  beforeEach(clear);
  afterAll(async () => {
    redis.disconnect();
    await service.close();
  });

  const sound = () => expectSound(service.deps, tenant, () => redis.flushall());
  const later = (days: number, deps: Pick<Deps, "artifacts" | "jobs" | "catalogue"> = service.deps) => ({
    ...service.deps,
    ...deps,
    now: () => new Date(Date.now() + days * DAY_MS),
  });
  const sweep = () => applyRetention(later(2), null);
  const upload = (deps = service.deps): Promise<Dataset> =>
    uploadDataset(deps, caller, { name: "iris", body: Readable.from([Buffer.from(iris)]) });
  const submit = async (deps: Deps, dataset: Dataset, idempotencyKey: string): Promise<Job> => {
    const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
    return (await submitJob(deps, caller, { spec, idempotencyKey })).job;
  };
  const train = async (dataset: Dataset): Promise<{ job: Job; model: Model }> => {
    const job = await submit(service.deps, dataset, randomUUID());
    const model = await finishJob(service, job);
    await sweep();
    return { job, model };
  };
  const goneOr = async (error: Promise<unknown>, codes: readonly string[]): Promise<void> => {
    await error.catch((reason: unknown) => {
      if (!(reason instanceof ServiceError) || !codes.includes(reason.code)) throw reason;
    });
  };

  /** To something fresh each time: the operation, cut at its first question, its second …, until it ends before the cut. */
  const atEveryCut = async <T>(
    kind: CutKind,
    prepare: () => Promise<T>,
    operate: (deps: Deps, fresh: T) => Promise<unknown>,
    heal: (fresh: T) => Promise<unknown>,
  ): Promise<number> => {
    for (let n = 0; ; n++) {
      await clear();
      const fresh = await prepare();
      const cut = cutAt(service.deps, n, kind);
      await goneOr(operate({ ...service.deps, ...cut.parts }, fresh), ["unavailable"]);
      await cut.settle();
      await heal(fresh);
      if (!cut.reached()) return n;
    }
  };

  describe.each(kinds)("%s", (kind) => {
    it.each([
      ["", null],
      [" within a quota", 1_000_000],
    ])("an upload%s leaves a whole data set or, after the sweep, nothing", async (_, storedBytes) => {
      const steps = await atEveryCut(
        kind,
        async () => {},
        (deps) => upload({ ...deps, quotas: { queuedJobs: null, storedBytes } }),
        async () => {
          for (const { id } of (await recordsOf(service.deps, tenant)).datasets)
            expect(await service.deps.artifacts.exists(artifactKeys.datasetFile(tenant, id))).toBe(true);
          await sweep();
          await sound();
        },
      );
      expect(steps).toBeGreaterThan(3);
    });

    const deletions = {
      "data set": { of: async () => (await upload()).id, remove: deleteDataset, kind: "datasets" },
      model: { of: async () => (await train(await upload())).model.id, remove: deleteModel, kind: "models" },
      job: { of: async () => (await train(await upload())).job.id, remove: deleteJob, kind: "jobs" },
    } as const;
    it.each(Object.entries(deletions))("the deletion of a %s is finished by the same call", async (_, deletion) => {
      const steps = await atEveryCut(
        kind,
        deletion.of,
        (deps, id) => deletion.remove(deps, caller, { id }),
        async (id) => {
          // A reindex meanwhile does not bring it back.
          const before = await recordsOf(service.deps, tenant);
          await reindex(service.deps);
          expect(await recordsOf(service.deps, tenant)).toEqual(before);
          await goneOr(deletion.remove(service.deps, caller, { id }), ["not_found"]);
          expect(await service.deps.artifacts.list(`${tenant}/${deletion.kind}/${id}/`)).toEqual([]);
          await expect(deletion.remove(service.deps, caller, { id })).rejects.toMatchObject({ code: "not_found" });
          await sound();
        },
      );
      expect(steps).toBeGreaterThan(3);
    });

    it.each(Object.entries(deletions))("… of a %s, or by the sweep", async (_, deletion) => {
      await atEveryCut(
        kind,
        deletion.of,
        (deps, id) => deletion.remove(deps, caller, { id }),
        async () => {
          await sweep();
          await sound();
        },
      );
    });

    it("what retention deletes is finished by its next round", async () => {
      const steps = await atEveryCut(
        kind,
        async () => train(await upload()),
        (deps) => applyRetention(later(31, deps), 30 * DAY_MS),
        async () => {
          await applyRetention(later(31), 30 * DAY_MS);
          expect(await recordsOf(service.deps, tenant)).toEqual({ datasets: [], models: [], jobs: [], courses: [] });
          await sound();
        },
      );
      expect(steps).toBeGreaterThan(10);
    });

    it("a sweep is finished by the next one", async () => {
      const leaveEverything = async (): Promise<void> => {
        const dataset = await upload();
        await finishJob(service, await submit(service.deps, dataset, randomUUID()));
        const unneeded = await upload();
        await goneOr(deleteDataset({ ...service.deps, ...cutAt(service.deps, 1, "dead").parts }, caller, unneeded), [
          "unavailable",
        ]);
        await goneOr(upload({ ...service.deps, ...cutAt(service.deps, 3, "dead").parts }), ["unavailable"]);
        await goneOr(upload({ ...service.deps, ...cutAt(service.deps, 2, "dead").parts }), ["unavailable"]);
      };
      const steps = await atEveryCut(
        kind,
        leaveEverything,
        (deps) => applyRetention(later(2, deps), null),
        async () => {
          await sweep();
          await sound();
        },
      );
      expect(steps).toBeGreaterThan(10);
    });

    it("a submission is finished by the same call with its key, and makes one job", async () => {
      await atEveryCut(
        kind,
        async () => ({ dataset: await upload(), key: randomUUID() }),
        (deps, { dataset, key }) => submit(deps, dataset, key),
        async ({ dataset, key }) => {
          const job = await submit(service.deps, dataset, key);
          await reconcile(service.deps);
          expect(await service.deps.queue.tenantOf(job.id)).toBe(tenant);
          const { items } = await service.deps.jobs.list(tenant, { pageSize: 100, pageToken: null }, null);
          expect(items.filter(({ spec }) => spec.dataset === dataset.id)).toHaveLength(1);
        },
      );
    });

    it("pauses, resumptions and cancellations of waiting jobs are finished by the same call", async () => {
      const request = async (act: typeof cancelJob, wanted: Job["state"], from: typeof pauseJob | null) => {
        await atEveryCut(
          kind,
          async () => {
            const job = await submit(service.deps, await upload(), randomUUID());
            if (from !== null) await from(service.deps, caller, { id: job.id });
            return job.id;
          },
          (deps, id) => act(deps, caller, { id }),
          async (id) => {
            await act(service.deps, caller, { id });
            await reconcile(service.deps);
            expect((await service.deps.jobs.get(tenant, id)).state).toBe(wanted);
            expect(await service.deps.queue.tenantOf(id)).toBe(wanted === "queued" ? tenant : null);
          },
        );
      };
      await request(pauseJob, "paused", null);
      await request(resumeJob, "queued", pauseJob);
      await request(cancelJob, "cancelled", null);
      await sweep();
      for (const { id, done } of (await recordsOf(service.deps, tenant)).jobs)
        expect(await service.deps.artifacts.exists(artifactKeys.jobManifest(tenant, id))).toBe(done);
    });

    /** A trainer that has computed `end`; it gives up at the cut if it dies there. */
    const commit = async (job: Job, end: TeamEnd, n: number): Promise<{ reached: boolean }> => {
      const claimed = await service.deps.jobs.claim(tenant, job.id, "trainer", new Date().toISOString());
      if (claimed === null) throw new Error(`${job.id} could not be claimed`);
      const lost = new AbortController();
      const cut = cutAt(service.deps, n, kind, () => {
        if (kind.startsWith("dead")) lost.abort();
      });
      const attempt = {
        ...{ fence: claimed.fence, job: claimed.job, lost: lost.signal, became: () => {} },
        ...{ handingBack: () => null, trouble: () => null },
      };
      const deps = { ...service.deps, ...cut.parts } as unknown as TrainerDeps;
      await commitEnd(deps, attempt as unknown as Attempt, end, pino({ level: "silent" }));
      await cut.settle();
      return { reached: cut.reached() };
    };

    it("a trainer's last commit is finished by its repetition or another trainer, and the sweep", async () => {
      const dataset = await upload();
      const hasty = createRedisJobStore({ redis, subscriber: redis, leaseMs: 0 });
      const { model } = await train(dataset);
      const digestHex = model.digest.replace(/^sha256:/, "");
      const ends: ((job: Job, made: Model) => TeamEnd)[] = [
        (_, made) => ({ type: "trained", model: made, metrics: {} }),
        () => ({ type: "failed", error: { code: "diverged", message: "m", hint: "h" } }),
      ];
      for (const endOf of ends) {
        for (let n = 0, reached = true; reached; n++) {
          const job = await submit(service.deps, dataset, randomUUID());
          const made = { ...model, id: `mdl_${job.id.slice(4)}`, job: job.id };
          for (const file of [artifactKeys.weights, artifactKeys.report])
            await service.deps.artifacts.write(file(tenant, made.id, digestHex), Buffer.from("computed"));
          ({ reached } = await commit(job, endOf(job, made), n));
          if (!(await service.deps.jobs.get(tenant, job.id)).done) {
            const attempt = (await service.deps.jobs.get(tenant, job.id)).attempt;
            await hasty.progress({ tenant, job: job.id, attempt }, { progress: 1, metrics: {}, at: "" });
            await service.deps.jobs.reclaim(tenant, job.id, attempt, "lost", new Date().toISOString());
            await commit(job, endOf(job, made), Number.POSITIVE_INFINITY);
          }
          await sweep();
          await sound();
          expect((await service.deps.jobs.get(tenant, job.id)).state).toBe(
            endOf(job, made).type === "trained" ? "succeeded" : "failed",
          );
        }
      }
    });
  });
});
