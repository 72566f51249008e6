import { describe, expect, it } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { JobState } from "../../src/domain/jobs/job-state.ts";
import type { Suspicion } from "../../src/domain/jobs/poison.ts";
import type { Fence, JobStore } from "../../src/store/job-store.ts";
import { type OpenJobStores, useJobStores } from "./job-store.ts";
import { checkpointAt, failure, fenceOf, modelOf, newJob, tick } from "./records.ts";

type Operation = (jobs: JobStore, job: Job, fence: Fence) => Promise<unknown>;

/** What each operation does to a job in each state; where a state is missing, it changes nothing. */
const operations: Record<string, { run: Operation; to: Partial<Record<JobState, JobState>>; fenced?: boolean }> = {
  claim: { run: (jobs, { id }) => jobs.claim("acme", id, "trainer", tick()), to: { queued: "running" } },
  requestPause: {
    run: (jobs, { id }) => jobs.requestPause("acme", id, tick()),
    to: { queued: "paused", running: "pausing" },
  },
  requestResume: {
    run: (jobs, { id }) => jobs.requestResume("acme", id, tick()),
    to: { paused: "queued", pausing: "running" },
  },
  requestCancel: {
    run: (jobs, { id }) => jobs.requestCancel("acme", id, tick()),
    to: { queued: "cancelled", paused: "cancelled", running: "cancelling", pausing: "cancelling" },
  },
  progress: {
    run: (jobs, _job, fence) => jobs.progress(fence, { progress: 0.5, metrics: {}, at: tick() }),
    to: {},
    fenced: true,
  },
  handBack: {
    run: (jobs, _job, fence) => jobs.release(fence, "queued", "preempted", tick()),
    to: { running: "queued", pausing: "paused", cancelling: "cancelled" },
    fenced: true,
  },
  pause: {
    run: (jobs, _job, fence) => jobs.release(fence, "paused", "paused", tick()),
    to: { pausing: "paused", cancelling: "cancelled" },
    fenced: true,
  },
  cancel: {
    run: (jobs, _job, fence) => jobs.release(fence, "cancelled", "cancelled", tick()),
    to: { cancelling: "cancelled" },
    fenced: true,
  },
  succeed: {
    run: (jobs, job, fence) => jobs.succeed(fence, modelOf(job), {}, tick()),
    to: { running: "succeeded", pausing: "succeeded" },
    fenced: true,
  },
  fail: {
    run: (jobs, _job, fence) => jobs.fail(fence, failure, tick()),
    to: { running: "failed", pausing: "failed", cancelling: "failed" },
    fenced: true,
  },
  reclaim: {
    run: (jobs, { id }, { attempt }) => jobs.reclaim("acme", id, attempt, "lost", tick()),
    to: { running: "queued", pausing: "paused", cancelling: "cancelled" },
  },
  failWaiting: { run: (jobs, { id }) => jobs.failWaiting("acme", id, failure, tick()), to: { queued: "failed" } },
};

/** Requests that are already fulfilled answer with the job; others that the state forbids are refused. */
const fulfilled: Record<string, readonly JobState[]> = {
  requestPause: ["pausing", "paused"],
  requestResume: ["queued", "running"],
  requestCancel: ["cancelling", "cancelled"],
};

/** What every job store does for trainers. */
export const jobRunsSuite = (name: string, open: OpenJobStores): void => {
  describe(`job store: ${name}, runs`, () => {
    const stores = useJobStores(open);
    const submit = async () => (await stores.jobs.create(newJob("acme", stores.dataset))).job;
    const start = async (jobs = stores.jobs) => {
      const job = await submit();
      return { job, fence: (await jobs.claim("acme", job.id, "trainer", tick()))!.fence };
    };
    const stateOf = async (job: Job) => (await stores.jobs.get("acme", job.id)).state;

    /** A job in the state, held once before, and the fence of its last attempt. */
    const bring = async (state: JobState): Promise<{ job: Job; fence: Fence }> => {
      const { hasty: jobs } = stores;
      const { job, fence } = await start(jobs);
      const { id } = job;
      if (state === "pausing" || state === "paused") await jobs.requestPause("acme", id, tick());
      if (state === "cancelling" || state === "cancelled") await jobs.requestCancel("acme", id, tick());
      if (state === "paused" || state === "cancelled" || state === "queued")
        await jobs.release(fence, "queued", "", tick());
      if (state === "succeeded") await jobs.succeed(fence, modelOf(job), {}, tick());
      if (state === "failed") await jobs.fail(fence, failure, tick());
      return { job, fence };
    };

    it.each(JobState.options)("moves a job that is %s only along the state machine", async (state) => {
      for (const [operation, { run, to }] of Object.entries(operations)) {
        const { job, fence } = await bring(state);
        expect(await stateOf(job)).toBe(state);
        const before = await stores.jobs.get("acme", job.id);
        const refused = await run(stores.hasty, job, fence).then(
          () => null,
          (error: unknown) => error,
        );
        const after = await stores.jobs.get("acme", job.id);
        expect(after.state, `${operation} of a job that is ${state}`).toBe(to[state] ?? state);
        if (to[state] === undefined) expect(after.history).toEqual(before.history);
        else expect(after.history.at(-1)).toMatchObject({ state: to[state], attempt: after.attempt });
        const mayRefuse =
          fulfilled[operation] !== undefined && to[state] === undefined && !fulfilled[operation].includes(state);
        if (!mayRefuse) expect(refused, `${operation} of a job that is ${state}`).toBeNull();
        else expect(refused).toBeInstanceOf(ServiceError);
        expect(after.done).toBe(["succeeded", "failed", "cancelled"].includes(after.state));
        expect(after.endedAt === null).toBe(!after.done);
      }
    });

    it.each(["running", "pausing", "cancelling"] as const)(
      "lets no stale attempt write to a job that is %s",
      async (state) => {
        const { job, fence: stale } = await start(stores.hasty);
        expect(await stores.jobs.reclaim("acme", job.id, 1, "lost", tick())).toBe("queued");
        const { fence } = (await stores.jobs.claim("acme", job.id, "another", tick()))!;
        if (state === "pausing") await stores.jobs.requestPause("acme", job.id, tick());
        if (state === "cancelling") await stores.jobs.requestCancel("acme", job.id, tick());
        const before = await stores.jobs.get("acme", job.id);
        for (const { run, fenced } of Object.values(operations)) if (fenced) await run(stores.jobs, job, stale);
        expect(await stores.jobs.commitCheckpoint(stale, checkpointAt(stale, 5))).toBeNull();
        expect(await stores.jobs.appendMetrics(stale, [])).toBe(false);
        const event = { at: tick(), level: "info", type: "x", message: "", data: {} } as const;
        expect(await stores.jobs.appendEvent(stale, event)).toBe(false);
        expect(await stores.jobs.get("acme", job.id)).toEqual(before);
        expect(await stores.jobs.checkpoints("acme", job.id)).toEqual([]);
        expect((await stores.jobs.progress(fence, { progress: 0.1, metrics: {}, at: tick() })).held).toBe(true);
      },
    );

    it("gives a queued job to one of many trainers that reach for it", async () => {
      const job = await submit();
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, i) => stores.jobs.claim("acme", job.id, `t${i}`, tick())),
      );
      expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
      expect(await stores.jobs.get("acme", job.id)).toMatchObject({ attempt: 1, state: "running" });
    });

    it("gives the same attempt to a claim that is repeated, as its answer was lost, and to no other", async () => {
      const job = await submit();
      const claim = (token: string) => stores.jobs.claim("acme", job.id, "trainer", tick(), token);
      expect(await claim("a")).toMatchObject({ fence: { attempt: 1 } });
      await stores.jobs.requestPause("acme", job.id, tick());
      expect(await claim("a")).toMatchObject({ fence: { attempt: 1 }, job: { state: "pausing" } });
      expect(await claim("b")).toBeNull();
    });

    it("accepts the last commit again when it is repeated, and only from the attempt that made it", async () => {
      const { job, fence } = await start();
      const model = modelOf(job);
      const commit = (attempt: number) => stores.jobs.succeed({ ...fence, attempt }, model, {}, tick());
      expect([await commit(1), await commit(1), await commit(0)]).toEqual([true, true, false]);
      const { history } = await stores.jobs.get("acme", job.id);
      expect(history.filter(({ state }) => state === "succeeded")).toHaveLength(1);
    });

    it("tells a trainer that reports progress what users request", async () => {
      const { job, fence } = await start();
      const report = () => stores.jobs.progress(fence, { progress: 0.25, metrics: { trainLoss: 2 }, at: tick() });
      expect(await report()).toEqual({ held: true, state: "running" });
      await stores.jobs.requestPause("acme", job.id, tick());
      expect(await report()).toEqual({ held: true, state: "pausing" });
      await stores.jobs.requestCancel("acme", job.id, tick());
      expect(await report()).toEqual({ held: true, state: "cancelling" });
      expect(await stores.jobs.get("acme", job.id)).toMatchObject({ progress: 0.25, metrics: { trainLoss: 2 } });
    });

    it("keeps the two newest checkpoints and names those that may go", async () => {
      const { job, fence } = await start();
      const [a, b, c] = [checkpointAt(fence, 1), checkpointAt(fence, 2), checkpointAt(fence, 3)];
      expect(await stores.jobs.commitCheckpoint(fence, a)).toEqual({ obsolete: [] });
      expect(await stores.jobs.commitCheckpoint(fence, b)).toEqual({ obsolete: [] });
      expect(await stores.jobs.commitCheckpoint(fence, b)).toEqual({ obsolete: [] });
      expect(await stores.jobs.commitCheckpoint(fence, c)).toEqual({ obsolete: [a.key] });
      expect(await stores.jobs.checkpoints("acme", job.id)).toEqual([c, b]);
    });

    it("takes a job back only when its lease has ended, and only from the attempt that was seen", async () => {
      const { job } = await start();
      expect(await stores.jobs.reclaim("acme", job.id, 1, "lost", tick())).toBeNull();
      expect((await stores.jobs.held())[0]).toMatchObject({ state: "running", leaseEnded: false });
      await stores.hasty.progress(fenceOf("acme", job.id, 1), { progress: 0, metrics: {}, at: tick() });
      expect((await stores.jobs.held())[0]).toMatchObject({ leaseEnded: true });
      expect(await stores.jobs.reclaim("acme", job.id, 2, "lost", tick())).toBeNull();
      expect(await stores.jobs.reclaim("acme", job.id, 1, "lost", tick())).toBe("queued");
      expect(await stores.jobs.reclaim("acme", job.id, 1, "lost", tick())).toBeNull();
    });

    it("suspects a job of six lost trainers, and forgets it with a checkpoint that goes further than all before", async () => {
      const job = await submit();
      const crashAfter = async (step: number | null): Promise<Suspicion> => {
        const claim = (await stores.hasty.claim("acme", job.id, "trainer", tick()))!;
        if (step !== null) await stores.hasty.commitCheckpoint(claim.fence, checkpointAt(claim.fence, step));
        await stores.jobs.reclaim("acme", job.id, claim.fence.attempt, "lost", tick());
        return stores.jobs.suspicion("acme", job.id);
      };
      await crashAfter(10);
      for (const step of [10, 9, null, 10]) expect(await crashAfter(step)).toBe("none");
      expect(await crashAfter(null)).toBe("suspect");
      expect(await crashAfter(11)).toBe("none");
      for (let lost = 2; lost < 6; lost++) expect(await crashAfter(null)).toBe("none");
      expect(await crashAfter(11)).toBe("suspect");
      expect(await crashAfter(null)).toBe("suspect");
      expect((await stores.jobs.queued(null, 10)).jobs[0]).toMatchObject({ id: job.id, suspicion: "suspect" });
      expect(await crashAfter(null)).toBe("poison");
      expect((await stores.jobs.queued(null, 10)).jobs[0]).toMatchObject({ id: job.id, suspicion: "poison" });
    });

    it("knows the largest of the trainers that said lately that they are there", async () => {
      expect(await stores.jobs.largestTrainer()).toBe(0);
      await stores.jobs.announceTrainer("small", 1_000, 60_000);
      await stores.jobs.announceTrainer("large", 2 ** 40, 60_000);
      await stores.jobs.announceTrainer("gone", 2 ** 41, 0);
      expect(await stores.jobs.largestTrainer()).toBe(2 ** 40);
      await stores.jobs.announceTrainer("large", 2 ** 40, 0);
      expect(await stores.jobs.largestTrainer()).toBe(1_000);
    });

    it("counts a crash of its own engine like two lost trainers, and no further than that it is to run alone", async () => {
      const job = await submit();
      const crash = async (): Promise<Suspicion> => {
        const { fence, suspicion } = (await stores.jobs.claim("acme", job.id, "trainer", tick()))!;
        expect(await stores.jobs.release(fence, "queued", "the engine crashed", tick(), true)).toBe(true);
        return suspicion;
      };
      const lose = async (): Promise<void> => {
        const { fence } = (await stores.hasty.claim("acme", job.id, "trainer", tick()))!;
        await stores.jobs.reclaim("acme", job.id, fence.attempt, "lost", tick());
      };
      await lose(); // ½
      expect([await crash(), await crash(), await crash()]).toEqual(["none", "none", "none"]);
      // 3½ are no more than 3: it was not alone.
      expect(await stores.jobs.suspicion("acme", job.id)).toBe("suspect");
      await lose();
      expect(await crash()).toBe("suspect");
      expect(await stores.jobs.suspicion("acme", job.id)).toBe("poison");
    });

    it("does not count preemption as a crash", async () => {
      const { job, fence } = await start();
      expect(await stores.jobs.release(fence, "queued", "preempted", tick())).toBe(true);
      const again = await stores.jobs.claim("acme", job.id, "another", tick());
      expect(again).toMatchObject({ suspicion: "none", fence: { attempt: 2 } });
    });

    it("makes the model with the last commit, and never after a cancellation", async () => {
      const [first, second] = [await start(), await start()];
      await stores.jobs.requestPause("acme", first.job.id, tick());
      expect(await stores.jobs.succeed(first.fence, modelOf(first.job), { testAccuracy: 1 }, tick())).toBe(true);
      expect(await stores.catalogue.model("acme", modelOf(first.job).id)).toMatchObject({ job: first.job.id });
      expect(await stores.jobs.get("acme", first.job.id)).toMatchObject({ progress: 1, metrics: { testAccuracy: 1 } });
      await stores.jobs.requestCancel("acme", second.job.id, tick());
      expect(await stores.jobs.succeed(second.fence, modelOf(second.job), {}, tick())).toBe(false);
      await expect(stores.catalogue.model("acme", modelOf(second.job).id)).rejects.toMatchObject({ code: "not_found" });
    });

    it("lets a tenant have so many jobs with trainers and no more, however many reach for them", async () => {
      const jobs = await Promise.all(Array.from({ length: 6 }, submit));
      const claims = await Promise.allSettled(
        jobs.map(({ id }) => stores.limited.claim("acme", id, "trainer", tick())),
      );
      expect(claims.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
      const refused = claims.find((claim) => claim.status === "rejected");
      expect(refused?.reason).toMatchObject({
        code: "quota_exceeded",
        retryAfterSeconds: expect.any(Number) as number,
      });
      await stores.catalogue.addDataset("other", stores.dataset);
      const theirs = (await stores.jobs.create(newJob("other", stores.dataset))).job;
      expect(await stores.limited.claim("other", theirs.id, "trainer", tick())).not.toBeNull();
    });
  });
};
