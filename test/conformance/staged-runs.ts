import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { pino } from "pino";
import type { JobId } from "../../src/domain/ids.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { isDone } from "../../src/domain/jobs/job-state.ts";
import { noTracing } from "../../src/domain/observing/tracing.ts";
import { compileKernels } from "../../src/engine/kernels/load.ts";
import { createTrainerMetrics } from "../../src/main/observing/trainer-metrics.ts";
import type { RunOutcome } from "../../src/queue/training-queue.ts";
import type { JobStore } from "../../src/store/job-store.ts";
import { createRedisJobStore } from "../../src/store/redis/jobs/redis-job-store.ts";
import {
  createLastingConnection,
  createProducerConnection,
  waitForRedis,
} from "../../src/store/redis/redis-connection.ts";
import { admitEveryone } from "../../src/usecases/admission/caller.ts";
import { uploadDataset } from "../../src/usecases/datasets/upload-dataset.ts";
import { submitJob } from "../../src/usecases/jobs/submit-job.ts";
import { findReleasePages } from "../../workers/engine/release-pages.ts";
import { createThreadPool } from "../../workers/engine/thread-pool.ts";
import { createLedger } from "../../workers/trainer/ledger.ts";
import { createMemoryPool } from "../../workers/trainer/memory-pool.ts";
import { createJobRunner } from "../../workers/trainer/run-job.ts";
import { iris, startTestService, type TestService } from "../usecases/service.ts";

const engineThread = new URL("../../dist/workers/engine/engine-thread.js", import.meta.url);
export const tenant = "default";
const MOST_RUNS = 50;

/** What happens just before a run's n-th question to the job store. */
export type Stages = ReadonlyMap<number, () => Promise<unknown>>;

/**
 * The store as a run sees it: counts its questions, and lets something happen before some of them. The run asks some without waiting
 * for the answer: what happens before these ends with the run, too.
 */
const stage = (jobs: JobStore, stages: Stages) => {
  const asked: string[] = [];
  const happenings: Promise<unknown>[] = [];
  let over = false;
  const staged = new Proxy(jobs, {
    get: (target, name, receiver) => {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]): Promise<unknown> => {
        const happening = over ? undefined : stages.get(asked.push(String(name)) - 1)?.();
        if (happening !== undefined) happenings.push(happening);
        await happening;
        return Reflect.apply(method, target, args);
      };
    },
  });
  const end = async (): Promise<string[]> => {
    over = true;
    await Promise.all(happenings);
    return asked;
  };
  return { staged, end };
};

export interface StagedRuns {
  service: TestService;
  /** The same records; each lease has ended as soon as it was given. */
  hasty: JobStore;
  /** A small job with dropout, and checkpoints at every epoch. */
  submit(differently?: Record<string, unknown>): Promise<Job>;
  /** Gives the job to a trainer once, as the queue does. */
  run(id: JobId, stages?: Stages, signal?: AbortSignal): Promise<{ outcome: RunOutcome; asked: string[] }>;
  /** Gives it to trainers, and resumes it, until it is done. */
  finish(id: JobId): Promise<Job>;
  /** Engine threads that are alive; the trainer has two cores. */
  threads(): number;
  /** What trainers hold. */
  used(): { memoryBytes: number; threads: number };
  /** The cores of each job that runs. */
  shares(): number[];
  close(): Promise<void>;
}

/** The trainer's course of a job, on the service's stores and on real engine threads; the test is the queue. */
export const openStagedRuns = async (): Promise<StagedRuns> => {
  const service = await startTestService();
  const { deps } = service;
  const pool = createThreadPool(engineThread, { kernels: { module: await compileKernels(), native: null } }, 2);
  const ledger = createLedger({ threads: 2, memoryBytes: 1e9 }, 0);
  const memories = createMemoryPool(1e9, await findReleasePages());
  const redis = createProducerConnection(service.redis.url, () => {});
  const subscriber = createLastingConnection(service.redis.url, () => {});
  await Promise.all([waitForRedis(redis, 5000), waitForRedis(subscriber, 5000)]);
  const hasty = createRedisJobStore({ redis, subscriber, leaseMs: 0 });
  const caller = await admitEveryone("submitJob", undefined, "");
  const dataset = await uploadDataset(deps, caller, { name: "iris", body: Readable.from([Buffer.from(iris)]) });
  const spec = {
    dataset: dataset.id,
    task: { type: "classification", label: "species" },
    model: { type: "mlp", hidden: [8], dropout: 0.2 },
    training: { epochs: 6, earlyStopping: false, seed: 3 },
  };
  const run = async (id: JobId, stages: Stages = new Map(), signal = new AbortController().signal) => {
    const { staged, end } = stage(deps.jobs, stages);
    const runJob = createJobRunner({
      ...{ jobs: staged, catalogue: deps.catalogue, artifacts: deps.artifacts },
      ...{
        pool,
        poolName: "default",
        ledger,
        memories,
        threads: 2,
        tracing: noTracing,
        meter: createTrainerMetrics("trainer").meter,
        log: pino({ level: "silent" }),
        now: deps.now,
        name: "trainer",
        kernels: "WebAssembly kernels",
      },
      ...{
        artifactUrl: pathToFileURL(`${service.redis.folder}/artifacts`).href,
        artifactCache: null,
        scratchFolder: `${service.redis.folder}/scratch`,
      },
      ...{ checkpointMs: 0, heartbeatMs: 30_000, drainMs: 20_000, leaseMs: 30_000 },
    });
    const outcome = await runJob({ tenant, job: id }, signal);
    return { outcome, asked: await end() };
  };
  return {
    ...{ service, hasty, run, used: ledger.used, shares: ledger.shares, threads: pool.size },
    submit: async (differently = {}) => (await submitJob(deps, caller, { spec: { ...spec, ...differently } })).job,
    finish: async (id) => {
      for (let runs = 0; runs < MOST_RUNS; runs++) {
        const job = await deps.jobs.get(tenant, id);
        if (isDone(job.state)) return job;
        if (job.state === "paused") await deps.jobs.requestResume(tenant, id, deps.now().toISOString());
        await run(id);
      }
      throw new Error(`${id} is not done after ${MOST_RUNS} runs`);
    },
    close: async () => {
      await pool.close();
      redis.disconnect();
      subscriber.disconnect();
      await service.close();
    },
  };
};
