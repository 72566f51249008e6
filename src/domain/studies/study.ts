import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { JobId, ModelId, StudyId } from "../ids.ts";
import { HistoryEntry, JobError, Metrics, Timestamp } from "../jobs/job.ts";
import { JobState } from "../jobs/job-state.ts";
import { type ResolvedStudySpec, StudySpec, TrialValues } from "./study-spec.ts";

/**
 * `running`: its job waits or computes; `waiting`: paused where it is compared, and goes on if it is among the best; `stopped`: it was not.
 */
export const TrialState = z
  .enum(["running", "waiting", "succeeded", "stopped", "failed", "cancelled"])
  .meta({ id: "TrialState" });

/** The results that a proposal saw, as numbers of trials: `"0-17,19"`; of those stopped or waiting with their epochs: `"18@4"`. */
export const Seen = z.object({ finished: z.string(), stopped: z.string(), running: z.string() }).meta({
  id: "Seen",
  description: "trials by number: finished `0-17,19`; stopped or waiting at an epoch `18@4`; running",
});

export const Trial = z
  .object({
    number: z.int().describe("from 0"),
    job: JobId,
    state: TrialState,
    values: TrialValues,
    point: exactRecord(z.string(), z.number()).describe(
      "the same as numbers, choices by their index: what samplers see",
    ),
    guess: z.boolean().describe("the user's own, and not the sampler's"),
    objective: z.number().nullable().describe("the metric at the end of the trial, or where it was last compared"),
    epochs: z.int().describe("after which it was last compared, or ended"),
    rung: z.int().describe("how many times it was compared with others on its way"),
    bracket: z.int(),
    pauseAtEpoch: z.int().nullable(),
    reached: z.array(z.object({ epochs: z.int(), value: z.number() })),
    seen: Seen,
    createdAt: Timestamp,
    startedAt: Timestamp.nullable(),
    endedAt: Timestamp.nullable(),
    model: ModelId.nullable(),
    /** Whether its job was recorded. */
    submitted: z.boolean(),
    error: z.string().nullable(),
  })
  .meta({ id: "Trial" });

/** The choice, trained once more. */
export const FinalJob = z
  .object({
    job: JobId,
    submitted: z.boolean(),
    state: TrialState,
    model: ModelId.nullable(),
    metrics: Metrics,
  })
  .meta({ id: "FinalJob" });

export const BestTrial = z
  .object({
    trial: z.int(),
    job: JobId,
    value: z.number().describe("of the objective, on the validation rows by which it was chosen: too good on average"),
    lower: z.number().nullable(),
    upper: z.number().nullable(),
    corrected: z.number().nullable().describe("the value corrected for having been chosen; null while it is not known"),
  })
  .meta({ id: "BestTrial" });

export const Study = z
  .object({
    id: StudyId,
    name: z.string(),
    state: JobState,
    done: z.boolean(),
    progress: z.number().min(0).max(1),
    spec: StudySpec,
    epochs: z.int().describe("of a trial that is not stopped"),
    best: BestTrial.nullable(),
    counts: z.object({
      trials: z.int().describe("proposed so far"),
      running: z.int(),
      waiting: z.int(),
      succeeded: z.int(),
      stopped: z.int(),
      failed: z.int(),
      cancelled: z.int(),
    }),
    final: FinalJob.nullable(),
    guesses: z.array(TrialValues).describe("first guesses that wait to be tried"),
    history: z.array(HistoryEntry),
    createdAt: Timestamp,
    endedAt: Timestamp.nullable(),
    error: JobError.nullable(),
  })
  .meta({ id: "Study" });

export type TrialState = z.infer<typeof TrialState>;
export type Trial = z.infer<typeof Trial>;
export type Seen = z.infer<typeof Seen>;
export type FinalJob = z.infer<typeof FinalJob>;
export type BestTrial = z.infer<typeof BestTrial>;
export type Study = Omit<z.infer<typeof Study>, "spec"> & { spec: ResolvedStudySpec };

export const isOpen = ({ state }: Pick<Trial, "state">): boolean => state === "running" || state === "waiting";
