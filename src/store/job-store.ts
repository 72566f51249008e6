import type { ServiceError } from "../domain/errors.ts";
import type { JobId, StudyId, TenantId } from "../domain/ids.ts";
import type { Job, JobError, JobEvent, MetricPoint, Metrics, Plan } from "../domain/jobs/job.ts";
import type { JobState } from "../domain/jobs/job-state.ts";
import type { Suspicion } from "../domain/jobs/poison.ts";
import type { JobPrediction } from "../domain/jobs/prediction-job.ts";
import type { ResolvedJobSpec } from "../domain/jobs/spec/job-spec.ts";
import type { Model } from "../domain/models/model.ts";
import type { Page, PageRequest } from "../domain/page.ts";
import type { Origin } from "../domain/trace.ts";

/** The holder of a job: attempt numbers only grow, so a trainer that lost the job can never write to it again. */
export interface Fence {
  tenant: TenantId;
  job: JobId;
  attempt: number;
}

export interface NewJob {
  tenant: TenantId;
  id: JobId;
  spec: ResolvedJobSpec;
  plan: Plan;
  /** Of a job that predicts. */
  prediction?: JobPrediction;
  createdAt: string;
  /** Left out: the service's own, as a study's trials are. */
  origin?: Origin;
  /** With the key: same key and digest → the job it made first; same key, another digest → `idempotency_mismatch`. Kept for 7 days. */
  idempotency: { key: string; bodyDigest: string } | null;
  /** A study's trial, or the last job of one: only while the study runs, as the same script checks. It pauses by itself at the end of this epoch; null: it does not. */
  study?: { id: StudyId; pauseAtEpoch: number | null };
  /** Limits checked in the same script: `quota_exceeded` names the one that is reached. Null: unlimited. */
  quota: { queuedJobs: number } | null;
}

/** Jobs that are recorded together. */
export interface NewJobs {
  tenant: TenantId;
  /** Null: one that cannot be made now, and is only looked for under the key. */
  jobs: readonly (Pick<NewJob, "id" | "spec" | "plan"> | null)[];
  createdAt: string;
  origin?: Origin;
  /** Of all of them together; see `create`. */
  idempotency: NewJob["idempotency"];
  quota: NewJob["quota"];
}

/** What became of one of them: recorded, now or under the key before, or why not; null for what was only looked for and is not there. */
export type Recorded =
  | { id: JobId; created: boolean; state: JobState; place: number; pool: string; waiting?: number }
  | ServiceError
  | null;

/** What a trainer must know of a checkpoint that it may resume from. */
export interface CheckpointRecord {
  key: string;
  sha256: string;
  step: number;
  attempt: number;
  at: string;
}

/** What the folds of a cross-validation have said so far. */
export interface FoldsSoFar {
  /** Of all of them: `outOfFoldLoss`, … */
  readonly metrics: Metrics;
  /** Of each, in their order: `testLoss`, … */
  readonly folds: readonly Metrics[];
}

/** What a trainer must know of a study's trial: the epoch, or with a cross-validation the fold, at which it pauses by itself; null: it does not. */
export interface Trial {
  pauseAtEpoch: number | null;
}

/** What the reconciler must know of a job that is not done. */
export interface WaitingWork {
  jobs: number;
  seconds: number;
}

export interface UnfinishedJob {
  tenant: TenantId;
  id: JobId;
  state: JobState;
  attempt: number;
  /** See `create`. */
  place: number;
  pool: string;
  suspicion: Suspicion;
  /** A trainer holds the job and gave no heartbeat for the length of the lease. */
  leaseEnded: boolean;
}

/**
 * Durable job records, their history, events and metrics, in Redis. Every implementation passes test/conformance/job-store.ts.
 * Each change of a job is one atomic script, which also appends a history entry and an event of type `state`. Times of the
 * record are RFC 3339 and passed in; leases run on Redis's own clock, so that no two machines need to agree on the time.
 * The script that ends a job whose spec names a webhook also puts it into the WebhookOutbox.
 * Where a pool is left out, the default one is meant.
 * When Redis does not answer within one second, every method rejects with ServiceError `unavailable`.
 */
export interface JobStore {
  /**
   * Records a job in state `queued`, durably. Returns the existing one for a repeated idempotency key. `spec.base.model` is an
   * id, no alias. `invalid` with a pointer if the data set or the base model is gone: from here on the job holds both.
   * `place` is the job's in the queue of its pool: the lowest goes first, tenants take turns, and within a tenant priorities count. One of the same id is
   * there already: it is returned as it is. Of a study that does not run: `forbidden_transition`.
   */
  create(job: NewJob): Promise<{ job: Job; created: boolean; place: number; waiting?: number }>;
  /**
   * The same of many jobs in one step and one durable write: each is recorded or refused by itself, in their order, and after a crash all are there that were not
   * refused, or none. A repeated key with the same digest gives the jobs that it made first, and tries again what was refused then. With null in the place
   * of a job it is only looked for: so is, alone, the one that `create` made under the key.
   */
  createAll(jobs: NewJobs): Promise<Recorded[]>;
  /** `not_found` if absent or another tenant's. */
  get(tenant: TenantId, id: JobId): Promise<Job>;
  /** Of the record the state alone, for those who wait for it. `not_found` as above. */
  state(tenant: TenantId, id: JobId): Promise<JobState>;
  /** Newest first. */
  list(tenant: TenantId, page: PageRequest, state: JobState | null): Promise<Page<Job>>;

  /** A user's request: idempotent; `forbidden_transition` when the state does not allow it. Returns the job after it. */
  requestPause(tenant: TenantId, id: JobId, at: string): Promise<Job>;
  requestResume(tenant: TenantId, id: JobId, at: string): Promise<{ job: Job; place: number }>;
  requestCancel(tenant: TenantId, id: JobId, at: string): Promise<Job>;
  /** paused → queued, as requestResume, with the next epoch at which the job pauses by itself; null: at none. Not moved if it is not paused. */
  promote(
    tenant: TenantId,
    id: JobId,
    pauseAtEpoch: number | null,
    at: string,
  ): Promise<{ job: Job; place: number; moved: boolean }>;
  /** The epoch, or the fold, at which the job last paused by itself; null: at none yet. */
  reachedEpoch(tenant: TenantId, id: JobId): Promise<number | null>;
  /** What the folds had said when it paused there; null: it has none. */
  reachedFolds(tenant: TenantId, id: JobId): Promise<FoldsSoFar | null>;

  /**
   * queued → running under a new attempt number, with a lease that every fenced write renews; null if the job is not queued.
   * `suspicion` comes from the trainers lost (see `reclaim`) and their engines' crashes (see `release`) since the last checkpoint
   * that went further than all before it.
   * Repeated with the same `token`, as the answer of the first may have been lost, it gives the same attempt.
   * `quota_exceeded`, with when to try again, while the tenant has as many jobs with trainers as it may.
   */
  claim(
    tenant: TenantId,
    id: JobId,
    trainer: string,
    at: string,
    token?: string,
  ): Promise<{ fence: Fence; job: Job; suspicion: Suspicion; trial: Trial | null } | null>;
  /** As the next claim would tell it. */
  suspicion(tenant: TenantId, id: JobId): Promise<Suspicion>;
  /**
   * Not held, changing nothing, if the job ended or another attempt holds it. Otherwise also tells what the users request meanwhile
   * (`pausing`, `cancelling`). Must be called at least every third of the lease, whether or not there is progress.
   */
  progress(
    fence: Fence,
    update: { progress: number; metrics: Metrics; at: string },
  ): Promise<{ held: boolean; state: JobState | null }>;
  /** Records a durable checkpoint; keeps the two newest, returns the keys that may be deleted now. Null if the fence is stale. */
  commitCheckpoint(fence: Fence, checkpoint: CheckpointRecord): Promise<{ obsolete: string[] } | null>;
  /** Newest first. */
  checkpoints(tenant: TenantId, id: JobId): Promise<CheckpointRecord[]>;
  /**
   * running|pausing → succeeded with the model's record, in one step. False if the fence is stale or the job was cancelled; true
   * again when it is repeated.
   */
  succeed(fence: Fence, model: Model, metrics: Metrics, at: string): Promise<boolean>;
  /** The same of a job that predicts, which leaves its answers and no model. */
  succeedPrediction(fence: Fence, prediction: JobPrediction, metrics: Metrics, at: string): Promise<boolean>;
  fail(fence: Fence, error: JobError, at: string): Promise<boolean>;
  /**
   * Fenced ends of a run that is not final or that users requested: pausing → paused, cancelling → cancelled, running → queued.
   * A user's later request wins: `queued` while pausing pauses, `queued` or `paused` while cancelling cancels. False if stale or not requested.
   * `crashed` counts a crash.
   */
  release(
    fence: Fence,
    to: "paused" | "cancelled" | "queued",
    reason: string,
    at: string,
    crashed?: boolean,
  ): Promise<boolean>;
  /** running|pausing → paused at the epoch where it was to pause by itself; cancelling → cancelled. The state after it; null if stale. */
  reach(fence: Fence, epoch: number, at: string, folds?: FoldsSoFar): Promise<JobState | null>;
  /**
   * A job whose trainer is gone: running → queued, pausing → paused, cancelling → cancelled; counts a crash. Null, changing
   * nothing, if another attempt holds the job or its lease has not ended.
   */
  reclaim(tenant: TenantId, id: JobId, attempt: number, reason: string, at: string): Promise<JobState | null>;
  /** A trainer of a pool says that it is there, and how many bytes its jobs may plan together; to be repeated before `forMs` are over. */
  announceTrainer(name: string, memoryBytes: number, forMs: number, pool?: string): Promise<void>;
  /** Bytes of the pool's largest trainer that is there; 0 if there is none. */
  largestTrainer(pool?: string): Promise<number>;
  /** The default pool, and all others that trainers ever announced. */
  pools(): Promise<string[]>;
  /** A job that must not run again (poison): queued → failed. */
  failWaiting(tenant: TenantId, id: JobId, error: JobError, at: string): Promise<boolean>;

  /** Appends to the job's event log; ids grow. Fenced when `fence` is given (false if stale). */
  appendEvent(
    target: Fence | { tenant: TenantId; job: JobId; attempt: null },
    event: Omit<JobEvent, "id">,
  ): Promise<boolean>;
  /** Events from the one with this id on, which comes first if it is kept; null: from the first that is kept. At most `limit`. */
  events(tenant: TenantId, id: JobId, page: { from: string | null; limit: number }): Promise<JobEvent[]>;
  /** Points in growing order of `step`. A run that resumed from a checkpoint replaces the points after it. Beyond the limit every second old point goes. */
  appendMetrics(fence: Fence, points: MetricPoint[]): Promise<boolean>;
  /** Points whose `step` is greater than `afterStep` (-1: from the start), at most `limit`. */
  metrics(tenant: TenantId, id: JobId, page: { afterStep: number; limit: number }): Promise<MetricPoint[]>;

  /**
   * Calls back (read again) whenever the job's record, events or metrics change; with null, any job of the tenant. After an
   * outage every listener is called once, with its own id or "" for any, as changes may have been missed. Returns the unsubscriber.
   */
  onChange(tenant: TenantId, id: JobId | null, listener: (id: JobId | "") => void): Promise<() => void>;

  /** Jobs that trainers hold, of all tenants. */
  held(): Promise<UnfinishedJob[]>;
  /** At most so many of the queued jobs of all tenants, by tenant and id, after the one given (null: from the first); `last` is that after which to go on, null at the end. */
  queued(
    after: Pick<UnfinishedJob, "tenant" | "id"> | null,
    most: number,
  ): Promise<{ jobs: UnfinishedJob[]; last: Pick<UnfinishedJob, "tenant" | "id"> | null }>;
  /** Those of the ids that are of no queued job of the pool. */
  notWaiting(ids: readonly JobId[], pool?: string): Promise<JobId[]>;
  /** Finished jobs of which nobody has said yet that their manifest and log are in the artifact store. */
  unpublished(tenant: TenantId): Promise<JobId[]>;
  /** Its curve, which nothing changes any more, is packed. They are there, up to this event; if another has come since, as a webhook's may, the job stays unpublished. */
  published(tenant: TenantId, id: JobId, lastEvent: string | null): Promise<void>;
  /**
   * Removes a finished job's record. `forbidden_transition` if it is not finished. May be repeated until the catalogue was told
   * that its files are gone.
   */
  remove(tenant: TenantId, id: JobId): Promise<void>;
  /** Records a finished job again from its manifest and its log. False, changing nothing, if it is known. May be repeated when it was cut. */
  restore(tenant: TenantId, job: Job, log: { events: JobEvent[]; points: MetricPoint[] }): Promise<boolean>;
  /** The jobs that wait in a pool, of all tenants, and the seconds that they are planned to take one trainer. */
  waitingWork(pool?: string): Promise<WaitingWork>;
  /** How many jobs there are in each state, and of those that wait the first `most` that were submitted. */
  glance(tenant: TenantId, most: number): Promise<{ counts: Record<JobState, number>; waiting: Job[] }>;
  ping(): Promise<void>;
}
