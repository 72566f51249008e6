import { mkdir } from "node:fs/promises";
import type { TrainerHeartbeat } from "../../src/domain/jobs/trainer-heartbeat.ts";
import type { KernelSource } from "../../src/engine/kernels/engine-kernels.ts";
import { compileKernels } from "../../src/engine/kernels/load.ts";
import type { NativeLibrary } from "../../src/engine/kernels/native/library.ts";
import type { RunJob, TrainingConsumer } from "../../src/queue/training-queue.ts";
import { sweepTemporaryFiles } from "../../src/store/artifacts/temporary-files.ts";
import { findReleasePages } from "../engine/release-pages.ts";
import { createThreadPool } from "../engine/thread-pool.ts";
import { createLedger } from "./ledger.ts";
import { createMemoryPool } from "./memory-pool.ts";
import { createJobRunner } from "./run-job.ts";
import type { TrainerDeps } from "./trainer-deps.ts";

export interface Trainer {
  /** What it does now, for its heartbeat. */
  load(): Omit<TrainerHeartbeat, "name" | "metrics">;
  /** Hands the running jobs back with a checkpoint, at most so long, and ends all threads. */
  close(limitMs: number): Promise<void>;
}

export interface TrainerOptions extends Omit<TrainerDeps, "pool" | "ledger" | "memories"> {
  native: NativeLibrary | null;
  /** What this trainer's jobs may plan together; `threads` also bounds each team. */
  memoryBytes: number;
  /** Starts to take jobs from the queue. */
  consume(run: RunJob): TrainingConsumer;
}

const announceEveryMs = 5000;
/** Long enough to be replaced: a job that needs it fails only when nobody like it comes back. */
const missedAfterMs = 600_000;

/** Tells the other trainers that this one is there, so that a job which is too large for them waits for it instead of failing. */
const announce = async ({ jobs, name, poolName, memoryBytes, log }: TrainerOptions): Promise<() => void> => {
  const tell = (): Promise<void> =>
    jobs
      .announceTrainer(name, memoryBytes, missedAfterMs, poolName)
      .catch((error: unknown) => log.debug({ err: error }, "the trainer could not say that it is there"));
  await tell();
  const timer = setInterval(() => void tell(), announceEveryMs);
  return () => clearInterval(timer);
};

/** What trainers that crashed left of rows: those that a job reads have no name. */
const sweepScratch = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await sweepTemporaryFiles(folder);
};

const engineThread = new URL("../engine/engine-thread.js", import.meta.url);

/**
 * A trainer: takes jobs from the queue and runs each on a team of engine threads. Its own thread talks to Redis and to
 * those threads and never computes, because a busy event loop would lose the job's lease and the job would run twice.
 */
export const startTrainer = async (options: TrainerOptions): Promise<Trainer> => {
  const kernels: KernelSource = { module: await compileKernels(), native: options.native };
  const pool = createThreadPool(engineThread, { kernels }, options.threads);
  const ledger = createLedger({ threads: options.threads, memoryBytes: options.memoryBytes });
  const memories = createMemoryPool(options.memoryBytes, await findReleasePages());
  await sweepScratch(options.scratchFolder);
  const stopAnnouncing = await announce(options);
  const consumer = options.consume(createJobRunner({ ...options, pool, ledger, memories }));
  return {
    load: () => {
      const { poolName, threads, memoryBytes } = options;
      const used = ledger.used();
      return {
        pool: poolName,
        threads,
        memoryBytes,
        usedThreads: used.threads,
        usedMemoryBytes: memories.residentBytes(),
        ...consumer.load(),
      };
    },
    async close(limitMs) {
      stopAnnouncing();
      await consumer.close(limitMs);
      await pool.close();
    },
  };
};
