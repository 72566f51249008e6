import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { modelIdOfJob } from "../../src/domain/ids.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { type JobState, transitions } from "../../src/domain/jobs/job-state.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { sweepOrphans } from "../../src/usecases/upkeep/sweep-orphans.ts";
import { openStagedRuns, type StagedRuns, tenant } from "./staged-runs.ts";

type ControlRequest = "Pause" | "Resume" | "Cancel";

const allowed = new Set(Object.values(transitions).flatMap(({ from, to }) => from.map((each) => `${each} → ${to}`)));

/** What happens just before each of the questions that a trainer asks the store on a job's way, from the queue to the last commit. */
describe("at every stage of a job", { timeout: 240_000 }, () => {
  let runs: StagedRuns;
  let untouched: string;
  beforeAll(async () => {
    runs = await openStagedRuns();
    untouched = (await modelOf(await runs.finish((await runs.submit()).id)))!;
  });
  afterAll(() => runs.close());

  const jobOf = (id: string): Promise<Job> => runs.service.deps.jobs.get(tenant, id);
  const now = (): string => runs.service.deps.now().toISOString();
  /** The digest of the job's model, if there is one: in the catalogue, and as a manifest. */
  const modelOf = async ({ id }: Job): Promise<string | null> => {
    const { catalogue, artifacts } = runs.service.deps;
    const manifest = await artifacts.exists(artifactKeys.modelManifest(tenant, modelIdOfJob(id)));
    const model = await catalogue.model(tenant, modelIdOfJob(id)).catch(() => null);
    expect(manifest).toBe(model !== null);
    return model?.digest ?? null;
  };
  /** Whether it was granted; twice, as it must not matter. */
  const ask = async (request: ControlRequest, id: string): Promise<boolean> => {
    const once = async (): Promise<boolean> => {
      try {
        await runs.service.deps.jobs[`request${request}`](tenant, id, now());
        return true;
      } catch (error) {
        if (!(error instanceof ServiceError) || error.code !== "forbidden_transition") throw error;
        return false;
      }
    };
    const granted = await once();
    // Only the end of the job can come in between.
    if ((await once()) !== granted) expect((await jobOf(id)).done && request !== "Cancel").toBe(true);
    return granted;
  };
  const expectSound = async (job: Job): Promise<void> => {
    const states = job.history.map(({ state }) => state);
    for (let i = 1; i < states.length; i++) expect(allowed).toContain(`${states[i - 1]} → ${states[i]}`);
    expect(runs.used()).toEqual({ memoryBytes: 0, threads: 0 });
    expect(await runs.service.deps.artifacts.list(artifactKeys.checkpoints(tenant, job.id))).toEqual([]);
    expect(await modelOf(job)).toBe(job.state === "succeeded" ? untouched : null);
  };

  /** Lets it happen at the first stage, the second …, each time to a fresh job, until one is done before its time has come. */
  const atEveryStage = async (
    happen: (id: string) => Promise<unknown>,
    check: (id: string, stage: string) => Promise<void>,
    signal?: () => AbortSignal,
  ): Promise<void> => {
    for (let n = 0; ; n++) {
      const { id } = await runs.submit();
      let happened = false;
      const act = async (): Promise<void> => {
        happened = true;
        await happen(id);
      };
      const { asked } = await runs.run(id, new Map([[n, act]]), signal?.());
      if (!happened) {
        expect(asked).toEqual(expect.arrayContaining(["get", "claim", "commitCheckpoint", "succeed"]));
        await act();
        return check(id, "after its end");
      }
      await check(id, `before question ${n}, ${asked[n]}`);
    }
  };

  it("a cancellation and the last commit: exactly one of them wins", async () => {
    const granted = new Map<string, boolean>();
    const ends = new Set<JobState>();
    await atEveryStage(
      async (id) => granted.set(id, await ask("Cancel", id)),
      async (id, stage) => {
        const job = await jobOf(id);
        expect(job.state, stage).toBe(granted.get(id) ? "cancelled" : "succeeded");
        ends.add(job.state);
        await expectSound(job);
      },
    );
    expect(ends).toEqual(new Set(["cancelled", "succeeded"]));
  });

  it("a pause: it pauses, or was done before; resumed, it ends with the same weights", async () => {
    const ends = new Set<JobState>();
    await atEveryStage(
      (id) => ask("Pause", id),
      async (id, stage) => {
        const { state } = await jobOf(id);
        expect(["paused", "succeeded"], stage).toContain(state);
        ends.add(state);
        const done = await runs.finish(id);
        expect(done.state, stage).toBe("succeeded");
        await expectSound(done);
      },
    );
    expect(ends).toEqual(new Set(["paused", "succeeded"]));
  });

  it("a pause that is taken back at once: it goes on, to the same weights", async () => {
    await atEveryStage(
      async (id) => {
        const paused = await ask("Pause", id);
        // Some questions are asked beside the last commit, which may come in between.
        if (paused && !(await ask("Resume", id))) expect((await jobOf(id)).state).toBe("succeeded");
      },
      async (id, stage) => {
        const { state } = await jobOf(id);
        expect(["queued", "succeeded"], stage).toContain(state);
        const done = await runs.finish(id);
        expect(done.state, stage).toBe("succeeded");
        await expectSound(done);
      },
    );
  });

  it("the trainer is told to stop: it hands the job back, none is counted against it, and another ends it with the same weights", async () => {
    let stopping = new AbortController();
    await atEveryStage(
      async () => stopping.abort("closing"),
      async (id, stage) => {
        const { state } = await jobOf(id);
        expect(["queued", "succeeded"], stage).toContain(state);
        const { jobs } = runs.service.deps;
        const unfinished = [...(await jobs.held()), ...(await jobs.queued(null, 1000)).jobs].find(
          (each) => each.id === id,
        );
        expect(unfinished?.suspicion ?? "none").toBe("none");
        await expectSound(await runs.finish(id));
      },
      () => {
        stopping = new AbortController();
        return stopping.signal;
      },
    );
  });

  it("the trainer is taken for lost and the job given to another: the first writes nothing more", async () => {
    const after = new Map<string, Job>();
    await atEveryStage(
      async (id) => {
        const { jobs } = runs.service.deps;
        for (let { state, attempt } = await jobOf(id); state === "running"; { state } = await jobOf(id)) {
          // Its own writes renew the lease that ends here.
          await runs.hasty.progress({ tenant, job: id, attempt }, { progress: 0, metrics: {}, at: now() });
          if ((await jobs.reclaim(tenant, id, attempt, "lost", now())) === null) continue;
          await jobs.claim(tenant, id, "another", now());
          after.set(id, await jobOf(id));
          return;
        }
      },
      async (id, stage) => {
        const taken = after.get(id);
        if (taken === undefined) return;
        expect(await jobOf(id), stage).toEqual(taken);
        expect(await modelOf(taken), stage).toBeNull();
        const { attempt } = taken;
        await runs.service.deps.jobs.release({ tenant, job: id, attempt }, "queued", "handed back", now());
        const done = await runs.finish(id);
        expect(done.state, stage).toBe("succeeded");
        await expectSound(done);
      },
    );
    expect(after.size).toBeGreaterThan(5);
  });

  it("any requests at any times: it comes to one end, and that is the right one", async () => {
    const requests = fc.array(
      fc.tuple(fc.nat(30), fc.constantFrom<ControlRequest>("Pause", "Resume", "Pause", "Resume", "Cancel")),
      {
        maxLength: 5,
      },
    );
    const property = fc.asyncProperty(requests, async (wanted) => {
      const { id } = await runs.submit();
      let cancelled = false;
      // The trainer may ask several questions at once; what the user requests comes one after the other all the same.
      let requested = Promise.resolve();
      const next = async (request: ControlRequest): Promise<void> => {
        const granted = await ask(request, id);
        cancelled ||= request === "Cancel" && granted;
      };
      const stages = new Map(
        wanted.map(([n, request]): [number, () => Promise<void>] => [
          n,
          () => {
            requested = requested.then(() => next(request));
            return requested;
          },
        ]),
      );
      await runs.run(id, stages);
      const done = await runs.finish(id);
      expect(done.state).toBe(cancelled ? "cancelled" : "succeeded");
      // Cancelled while no trainer had it: what it leaves is the sweep's.
      if (["paused", "queued"].includes(done.history.at(-2)?.state ?? ""))
        await sweepOrphans(runs.service.deps, tenant);
      await expectSound(done);
    });
    await fc.assert(property, {
      numRuns: 40,
      examples: [
        [
          [
            [9, "Pause"],
            [10, "Cancel"],
          ],
        ],
      ],
    });
  });
});
