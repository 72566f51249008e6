import type { Job } from "../../src/domain/jobs/job.ts";
import type { Suspicion } from "../../src/domain/jobs/poison.ts";
import type { Span } from "../../src/domain/observing/tracing.ts";
import type { CheckpointRecord, Fence, Trial } from "../../src/store/job-store.ts";
import type { Control } from "../engine/control.ts";
import type { Outbox } from "./outbox.ts";
import type { AttemptOutcome } from "./trainer-deps.ts";

/** What a claim gave. */
export interface Claimed {
  fence: Fence;
  job: Job;
  /** A suspect has the trainer for itself. */
  suspicion: Suspicion;
  /** Null: no study's. */
  trial: Trial | null;
  /** Newest first. */
  checkpoints: CheckpointRecord[];
}

/** One attempt at a job, from the claim to the last commit: what its pieces share. */
export interface Attempt {
  fence: Fence;
  job: Job;
  control: Control;
  span: Span;
  outbox: Outbox;
  /** Aborted when the job is another's: from then on nothing may be written. */
  lost: AbortSignal;
  /** Aborted when the trainer has no time left to let the run stop by itself. */
  giveUp: AbortSignal;
  /** Why the job goes back to the queue, if it does. */
  handingBack(): string | null;
  /** Notes how it ended, once that is recorded; until then it counts as lost. */
  became(outcome: AttemptOutcome): void;
  outcome(): AttemptOutcome;
  /** What made the job's record impossible to write, if anything did. */
  trouble(): unknown;
}
