import type { Logger } from "pino";
import type { Tracing } from "../../src/domain/observing/tracing.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import type { CacheOptions } from "../../src/store/artifacts/cached-artifact-store.ts";
import type { Catalogue } from "../../src/store/catalogue.ts";
import type { JobStore } from "../../src/store/job-store.ts";
import type { OnCall } from "../../src/store/watch-calls.ts";
import type { ThreadPool } from "../engine/thread-pool.ts";
import type { Ledger } from "./ledger.ts";
import type { MemoryPool } from "./memory-pool.ts";

/** What became of an attempt: `lost` when another one holds the job by now. */
export type AttemptOutcome = "succeeded" | "failed" | "cancelled" | "paused" | "handed_back" | "lost";

/** Told of what is measured. */
export interface TrainerMeter {
  /** A job was taken up so long after it was queued. */
  started(waitedSeconds: number, traceparent: string | null): void;
  ended(outcome: AttemptOutcome): void;
  /** Steps of training (rounds of clustering) that were computed. */
  steps(count: number): void;
  checkpoint(seconds: number, bytes: number, traceparent: string | null): void;
  /** A call of the artifact store, from this thread or an engine thread. */
  storeCall: OnCall;
}

/** What a trainer's main thread works with. */
export interface TrainerDeps {
  jobs: JobStore;
  catalogue: Catalogue;
  artifacts: ArtifactStore;
  pool: ThreadPool;
  ledger: Ledger;
  memories: MemoryPool;
  /** Whose jobs it takes. */
  poolName: string;
  /** The largest team. */
  threads: number;
  meter: TrainerMeter;
  tracing: Tracing;
  log: Logger;
  now: () => Date;
  /** Names this trainer in the job's history. */
  name: string;
  /** What computes, in words, for that history. */
  kernels: string;
  artifactUrl: string;
  /** Where engine threads keep data sets and weights on this machine; null: nowhere. */
  artifactCache: CacheOptions | null;
  /** Where jobs keep rows that do not fit into their memory, encoded. */
  scratchFolder: string;
  checkpointMs: number;
  heartbeatMs: number;
  /** What a trainer that is told to stop may take. */
  drainMs: number;
  /** The job is another's when its record saw no heartbeat for so long. */
  leaseMs: number;
}
