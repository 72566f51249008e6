import type { JobId, StudyId, TenantId } from "../domain/ids.ts";
import type { Job, JobEvent } from "../domain/jobs/job.ts";

/** A job whose end a tracking server is to be told. */
export interface DueRun {
  tenant: TenantId;
  id: JobId;
}

/**
 * The ends of jobs that a tracking server is to have: noted by the same script that ends one, and kept until it is settled, so no
 * crash loses one. ServiceError `unavailable` when Redis does not answer within one second. Tested by
 * test/usecases/mlflow.test.ts.
 */
export interface RunOutbox {
  /** Those to be looked at by then, the longest due first. */
  due(atMs: number, limit: number): Promise<DueRun[]>;
  /** What to tell of, the study that it is a trial of, and how many attempts failed. It is this caller's until `untilMs`, when it comes up again; null if it is somebody else's, or settled. */
  take(
    run: DueRun,
    nowMs: number,
    untilMs: number,
  ): Promise<{ job: Job; study: StudyId | null; failures: number } | null>;
  /** Adds the event to the job's log, and settles it for good or, after a failure, puts it off to `laterMs`. False if nothing was due. */
  note(run: DueRun, event: Omit<JobEvent, "id">, laterMs: number | null): Promise<boolean>;
  /** It comes up again now: nothing is held against it. */
  giveBack(run: DueRun): Promise<void>;
  /** Calls back when one becomes due. May miss some while Redis is away: look now and then as well. Returns the unsubscriber. */
  onDue(listener: () => void): () => void;
}
