import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { JobId, ModelId, StudyId } from "../ids.ts";
import { HistoryEntry, JobError, Metrics, Timestamp } from "../jobs/job.ts";
import { JobState } from "../jobs/job-state.ts";
import { type ResolvedStudySpec, StudySpec, TrialValues } from "./study-spec.ts";

export const TrialState = z.enum(["running", "paused", "waiting", "succeeded", "stopped", "failed", "cancelled"]).meta({
  id: "TrialState",
  description:
    "`running`: its job waits or computes; `paused`: it is paused with the study; `waiting`: paused where it is compared, and goes on if it is among the best; `stopped`: it was not.",
});

export const Seen = z
  .object({
    finished: z.string().describe("numbers of trials that had ended with a value: `0-17,19`; empty: none"),
    stopped: z
      .string()
      .describe("those that were stopped or waited, with the epochs after which they were last compared: `18@4,20@16`"),
    running: z.string().describe("those under way, without a value yet: `20-23`"),
  })
  .meta({ id: "Seen", description: "The results that a proposal saw, as numbers of trials." });

const EarlierTrial = z
  .object({
    study: StudyId,
    trial: z.int().describe("its number there"),
    point: exactRecord(z.string(), z.number()).describe("as a trial's"),
    value: z.number().describe("of the objective"),
  })
  .meta({ id: "EarlierTrial", description: "A finished trial of an earlier study, which every proposal sees." });

const ReachedRung = z
  .object({
    epochs: z.int().describe("after which it was compared; under `racing` its folds or seeds"),
    value: z.number().describe("of the objective, there"),
    against: z
      .int()
      .optional()
      .describe("of `racing`: the trial that it was compared with, the best then; left out where there was none"),
    lower: z
      .number()
      .optional()
      .describe("where the 95 % interval of the difference of their scores begins; above 0 the trial ends"),
    at: Timestamp.optional().describe("when it was compared; studies of earlier versions do not say"),
    resumedAt: Timestamp.optional().describe("when it was let go on; left out where it was not"),
  })
  .meta({ id: "ReachedRung", description: "Where a trial was compared with others on its way." });

const TrialRun = z
  .object({
    seed: z.int().describe("of the training; the rows are drawn by the study's"),
    job: JobId,
    model: ModelId.nullable().describe("what it left; null while it is under way"),
    value: z.number().nullable().describe("of the objective; null while it is under way"),
  })
  .meta({ id: "TrialRun", description: "One training of a trial that is trained with several seeds." });

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
    epochs: z
      .int()
      .describe(
        "after which it was last compared, or ended; under `racing` of a trial that waits or was stopped its folds or seeds",
      ),
    rung: z.int().describe("how many times it was compared with others on its way"),
    bracket: z.int().describe("of `asha`: it is first compared at minEpochs · reduction^bracket epochs; else 0"),
    pauseAtEpoch: z.int().nullable().describe("where it pauses next to be compared; null: it runs to its end"),
    reached: z.array(ReachedRung).describe("where it was compared so far, the fewest epochs first"),
    runs: z
      .array(TrialRun)
      .optional()
      .describe("where `spec.seeds` is above 1: its trainings so far; `job` and `model` are those of the first"),
    scores: z
      .array(z.number())
      .optional()
      .describe("of `racing`: what it scored in each fold or with each seed so far; less is better"),
    seen: Seen,
    createdAt: Timestamp,
    startedAt: Timestamp.nullable().describe("when a trainer first took its job up; null before"),
    endedAt: Timestamp.nullable().describe("when it came to its end or was stopped; null before"),
    model: ModelId.nullable().describe("what its job left; null unless it has a model"),
    submitted: z
      .boolean()
      .describe("whether its job, with several seeds the last, is recorded; before, only its id is known"),
    error: z.string().nullable().describe("why it failed; null unless it did"),
  })
  .meta({ id: "Trial", description: "One job of a study, with the values that it tries." });

export const FinalJob = z
  .object({
    job: JobId,
    submitted: z.boolean().describe("whether its job is recorded; before, only its id is known"),
    state: TrialState.describe("`running`, `succeeded`, `failed` or `cancelled`"),
    model: ModelId.nullable().describe("what it left; null unless it succeeded"),
    metrics: Metrics.describe("at its end, by name, those of the test rows too; empty before"),
  })
  .meta({
    id: "FinalJob",
    description: "The choice, trained once more on training and validation rows, and measured on the test rows.",
  });

export const BestTrial = z
  .object({
    trial: z.int().describe("its number"),
    job: JobId,
    value: z.number().describe("of the objective, on the validation rows by which it was chosen: too good on average"),
    lower: z.number().nullable().describe("where the 95 % interval of `corrected` begins; null while it is not known"),
    upper: z.number().nullable().describe("where it ends; null while it is not known"),
    corrected: z.number().nullable().describe("the value corrected for having been chosen; null while it is not known"),
  })
  .meta({ id: "BestTrial", description: "The trial with the best objective, and what its value is worth." });

const TrialCounts = z
  .object({
    trials: z.int().describe("proposed so far"),
    running: z.int().describe("of those, whose jobs wait in the queue or compute"),
    paused: z.int().optional().describe("of those, paused with the study; left out unless it is paused"),
    waiting: z.int().describe("of those, paused where they are compared"),
    succeeded: z.int().describe("of those, that came to their end"),
    stopped: z.int().describe("of those, that were not among the best where they were compared"),
    failed: z.int().describe("of those, whose jobs failed or left no value"),
    cancelled: z.int().describe("of those, cancelled by hand or with the study"),
  })
  .meta({ id: "TrialCounts", description: "How many trials a study has, by state." });

export const Study = z
  .object({
    id: StudyId,
    name: z.string().describe("shown in lists"),
    state: JobState,
    done: z.boolean().describe("succeeded, failed or cancelled: nothing will change any more"),
    progress: z.number().min(0).max(1).describe("share of the trials that have ended; 1 when it has succeeded"),
    spec: StudySpec.describe("with every default filled in"),
    epochs: z.int().describe("of a trial that is not stopped"),
    best: BestTrial.nullable().describe("of the trials that came to their end; null while none has"),
    counts: TrialCounts,
    final: FinalJob.nullable().describe("null before the choice is made, and where `spec.final` is false"),
    guesses: z.array(TrialValues).describe("first guesses that wait to be tried"),
    earlier: z.array(EarlierTrial).optional().describe("of `spec.warmStart`; left out where there is none"),
    rule: z
      .int()
      .optional()
      .describe(
        "by which proposals follow from what they saw: under `asha` those of 2 go by trials that came to the last rung, those of 1 by trials that came as far as ten have; left out: 1",
      ),
    history: z.array(HistoryEntry).describe("every change of the state, oldest first"),
    createdAt: Timestamp,
    endedAt: Timestamp.nullable().describe("when it became done; null before"),
    error: JobError.nullable().describe("null unless it failed"),
  })
  .meta({ id: "Study", description: "A study's record." });

export type TrialState = z.infer<typeof TrialState>;
export type Trial = z.infer<typeof Trial>;
export type Seen = z.infer<typeof Seen>;
export type EarlierTrial = z.infer<typeof EarlierTrial>;
export type FinalJob = z.infer<typeof FinalJob>;
export type BestTrial = z.infer<typeof BestTrial>;
export type Study = Omit<z.infer<typeof Study>, "spec"> & { spec: ResolvedStudySpec };

/** As it is told: what runs is paused while the study is. The record keeps it as running, as proposals see it so. */
export const shownTrial = ({ state }: Pick<Study, "state">, trial: Trial): Trial =>
  state === "paused" && trial.state === "running" ? { ...trial, state: "paused" } : trial;

export const isOpen = ({ state }: Pick<Trial, "state">): boolean => state === "running" || state === "waiting";

/** What a study would cost. */
export interface StudyPlan {
  spec: ResolvedStudySpec;
  trials: number;
  /** Of one trial at most. */
  /** At most: trials times seeds, and that of the choice. */
  jobs: number;
  memoryBytes: number;
  parameters: number;
  epochs: number;
  /** Of computing, on one trainer: a guide, not a promise. */
  estimatedSeconds: number;
  warnings: string[];
}
