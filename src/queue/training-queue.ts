import type { JobId, TenantId } from "../domain/ids.ts";

/** What travels through the queue: ids only. */
export interface QueueEntry {
  tenant: TenantId;
  job: JobId;
}

export interface QueueDepth {
  waiting: number;
  delayed: number;
  active: number;
}

/** The producer's side, used by the API. Where a pool is left out, the default one is meant. Rejects with ServiceError `unavailable` within one second when Redis does not answer. */
export interface TrainingQueue {
  /**
   * Idempotent: adding twice leaves one entry. The lowest place (1 to 2 097 151, see JobStore.create) goes first. `isNew`: the job
   * was never queued before, so that no run can still be ending.
   */
  add(entry: QueueEntry, options: { place: number; pool?: string; isNew?: boolean }): Promise<void>;
  /** The same of many that were never queued before, in one write for each pool. */
  addAll(entries: readonly (QueueEntry & { place: number; pool?: string })[]): Promise<void>;
  /** Takes out a waiting entry; absent or running is not an error. */
  remove(entry: Pick<QueueEntry, "job"> & { pool?: string }): Promise<void>;
  /** Those of the pool's jobs that have no entry, waiting or running. */
  missing(jobs: readonly JobId[], pool?: string): Promise<JobId[]>;
  /** Some of the jobs that have an entry in the pool: from this position on about so many, and the position to go on from, 0 at the end. What moves meanwhile may be left out. */
  entries(from: number, most: number, pool?: string): Promise<{ jobs: JobId[]; next: number }>;
  /** Whose entry it is; null if there is none. */
  tenantOf(job: JobId, pool?: string): Promise<TenantId | null>;
  counts(pool?: string): Promise<{ waiting: number; active: number }>;
  /** `counts` in full: entries that were put aside for a while, which no trainer is to take now, are `delayed` and not `waiting`. */
  depth(pool?: string): Promise<QueueDepth>;
  close(): Promise<void>;
}

/**
 * How one run of a job ended, seen from the queue. `laterMs` puts the entry aside for so long; `untilRoom` gives it back for
 * another trainer that has room, and takes no more until it settles.
 */
export type RunOutcome = "ended" | "hand_back" | { laterMs: number } | { untilRoom: Promise<void> };

/** The consumer's side, used by a trainer. */
export interface TrainingConsumer {
  /** Stops taking jobs, aborts the running ones' signals, waits for their runs (at most `limitMs`), closes. */
  close(limitMs: number): Promise<void>;
  /** When the last look at the queue succeeded: for the trainer's health. */
  lastSeenMs(): number;
  /** Entries that it would take now if they were there, and all that it took since the start. */
  load(): { free: number; taken: number };
}

/**
 * Runs one job. The signal aborts when the lease is lost or the consumer closes (`signal.reason` says which);
 * the run must then stop computing and resolve. `hand_back` puts the entry back to the queue.
 */
export type RunJob = (entry: QueueEntry, signal: AbortSignal) => Promise<RunOutcome>;
