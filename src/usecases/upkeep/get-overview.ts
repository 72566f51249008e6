import type { Job } from "../../domain/jobs/job.ts";
import type { Overview } from "../../domain/jobs/overview.ts";
import { poolOf } from "../../domain/jobs/pool.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";

const mostWaiting = 10;

const since = ({ history, createdAt }: Job): string =>
  history.findLast(({ state }) => state === "queued")?.at ?? createdAt;

/** What runs and what waits of the caller's jobs, and the trainers with their room. */
export const getOverview = async (deps: Deps, caller: Caller): Promise<Overview> => {
  const { counts, waiting } = await deps.jobs.glance(caller.tenant, mostWaiting);
  const { queued, running, pausing, paused, cancelling, succeeded, failed, cancelled } = counts;
  return {
    jobs: { queued, running: running + pausing + cancelling, paused, succeeded, failed, cancelled },
    waiting: waiting.map((job) => ({
      ...{ id: job.id, name: job.spec.name, pool: poolOf(job.spec.resources), since: since(job) },
    })),
    trainers: deps.consumption.trainers().map((trainer) => ({
      ...{ name: trainer.name, pool: trainer.pool, threads: trainer.threads, usedThreads: trainer.usedThreads },
      ...{ memoryBytes: trainer.memoryBytes, usedMemoryBytes: trainer.usedMemoryBytes },
      ...{ free: trainer.free, taken: trainer.taken },
    })),
  };
};
