import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { JobId, ModelId } from "../ids.ts";
import { JsonValue } from "../json-value.ts";
import { JobState } from "./job-state.ts";
import { JobPrediction } from "./prediction-job.ts";
import { JobSpec, type ResolvedJobSpec } from "./spec/job-spec.ts";

export const Timestamp = z.iso.datetime().meta({ id: "Timestamp", description: "RFC 3339, UTC" });

/** What a job will need, known before it is queued. */
export const Plan = z
  .object({
    parameters: z.int().describe("trainable and frozen weights"),
    memoryBytes: z.int().describe("peak bytes of the engine's shared memory: the trainer's real peak equals it"),
    flopsPerStep: z.number().describe("floating-point operations of one optimiser step"),
    stepsPerEpoch: z.int().describe("training rows / batch size, rounded up"),
    steps: z.int().describe("of all epochs, and of the search for the penalty, if nothing stops the job early"),
    searchSteps: z
      .int()
      .optional()
      .describe("those of `steps` that choose the penalty at most; absent where it is given"),
    keptFeatures: z
      .int()
      .optional()
      .describe(
        "numbers of a row that frozen layers are computed to once, before the training, and kept; absent: there are no such layers, or they do not fit",
      ),
    fits: z
      .int()
      .optional()
      .describe(
        "models that are fitted: of a cross-validation one for each fold of each repeat and that of all rows; of a refit the measured one and that of every row; of a learning curve one for each part of the training rows, too",
      ),
    ringRows: z
      .int()
      .optional()
      .describe(
        "the data are larger than `resources.memoryBytes` allows: rows are read from a file as they are needed, through a ring of so many; absent: all lie in the job's memory",
      ),
    ringBytes: z.int().optional().describe("of `memoryBytes`, for the rows of that ring"),
    spillBytes: z
      .int()
      .optional()
      .describe(
        "of the trainer's disk, for a table's encoded rows while the job runs: the ring is filled from there; absent: they are not kept on it",
      ),
    measuredBytes: z
      .int()
      .optional()
      .describe(
        "of the store, and of `memoryBytes`, at most, for weights of models that are measured and kept beside the job's own: predictions with `coverage` ask the folds' (CV+), or the one before a refit; absent: none are",
      ),
    savedBytes: z
      .int()
      .optional()
      .describe(
        "that `memoryBytes` would be more if activations were not computed again for their gradients; absent: all are kept",
      ),
    recomputedFlopsPerStep: z
      .number()
      .optional()
      .describe("of `flopsPerStep`, those that are done again for that; absent: none"),
    explainedRows: z
      .int()
      .optional()
      .describe(
        "held-out rows that permutation importance is measured on at most: what about a tenth of the training's FLOPs pays for, up to ten thousand; absent: nothing is explained",
      ),
    threads: z.int().describe("team size after the planner's choice: tiny plans use one thread"),
    estimatedSeconds: z
      .number()
      .describe(
        "of reading the data, training and the report, by what this machine takes for each; a guide, not a promise",
      ),
    warnings: z.array(z.string()).describe("what is odd about the job or its data, without making it wrong"),
    datasetVersion: z
      .int()
      .optional()
      .describe("the version of the data set's types that the job was planned with; left out: 1"),
    backend: z
      .string()
      .optional()
      .describe(
        "always `wasm`: the bits of a job are those of the WebAssembly kernels; `history` says which kernels computed it",
      ),
  })
  .meta({ id: "Plan", description: "What a job will need, known before it is queued." });

export const HistoryEntry = z
  .object({
    state: JobState.describe("the state that it came into"),
    at: Timestamp,
    reason: z.string().describe("why, in a sentence"),
    attempt: z.int().describe("how many times a trainer had taken the job up by then"),
  })
  .meta({ id: "HistoryEntry", description: "One change of a job's state." });

export const Metrics = exactRecord(z.string(), z.number()).meta({
  id: "Metrics",
  description:
    "Latest values by name: trainLoss, validationLoss, validationAccuracy, testLoss, testAccuracy, testR2, l2, …; of a cross-validation outOfFoldLoss, outOfFoldAccuracy, …",
});

export const JobError = z
  .object({
    code: z
      .string()
      .describe(
        "stable: `diverged`, `out_of_memory`, `poison`, `max_seconds`, `data`, `corrupt`, `engine_crashed`, `store_full`, of studies `final_failed`, …; more may come",
      ),
    message: z.string().describe("what happened"),
    hint: z.string().describe("what would help"),
  })
  .meta({ id: "JobError", description: "Why a job failed." });

export const JobOrigin = z
  .object({
    requestId: z.string().describe("of the request that submitted it: its `x-request-id`"),
    traceparent: z
      .string()
      .nullable()
      .describe(
        "W3C Trace Context of that request: as the client sent it, or of its own span where traces are recorded; null: neither",
      ),
  })
  .meta({ id: "JobOrigin", description: "Where a job comes from." });

export const Job = z
  .object({
    id: JobId,
    state: JobState,
    done: z.boolean().describe("succeeded, failed or cancelled: nothing will change any more"),
    progress: z.number().min(0).max(1).describe("share of the planned steps; 1 at an early stop too"),
    spec: JobSpec,
    plan: Plan,
    history: z.array(HistoryEntry).describe("every change of the state, oldest first"),
    createdAt: Timestamp,
    startedAt: Timestamp.nullable().describe("when a trainer first took it up; null before"),
    endedAt: Timestamp.nullable().describe("when it became done; null before"),
    attempt: z.int().describe("how many times a trainer took the job up"),
    metrics: Metrics,
    model: ModelId.nullable().describe("what it left; null unless it succeeded"),
    error: JobError.nullable().describe("null unless it failed"),
    origin: JobOrigin.optional().describe("left out of trials, and of jobs of earlier versions"),
    prediction: JobPrediction.optional().describe(
      "of a job that predicts a data set; `spec` is then how the model was trained, with that data set, and the model as its base",
    ),
  })
  .meta({ id: "Job", description: "A job's record." });

export const eventParts = {
  id: z.string().describe("its position in the job's log, for `Last-Event-ID` and `after`; empty: not of the log"),
  at: Timestamp,
  level: z.enum(["info", "warn", "error"]).describe("how much it matters"),
  message: z.string().describe("for people"),
};

/** One line of a job's event log. `id` is the event's position (SSE's Last-Event-ID). */
export const JobEvent = z.object({
  ...eventParts,
  /** `state`, `progress`, `checkpoint`, or a notice's name; `event-types.ts` has them all. What was written before may have others. */
  type: z.string(),
  data: exactRecord(z.string(), JsonValue),
});

export const LayerStatistics = z
  .object({
    layer: z.string().describe("its name, as in `freeze`"),
    gradientRms: z.number().describe("root mean square of the gradient of its weights"),
    weightRms: z.number().describe("root mean square of its weights"),
    activationMean: z.number().optional().describe("mean of its outputs"),
    activationRms: z.number().optional().describe("root mean square of its outputs"),
    deadShare: z.number().optional().describe("share of its units that were never active"),
  })
  .meta({ id: "LayerStatistics", description: "Of one layer, in one epoch." });

/** One point of the metrics history: one per epoch, and per N steps in long epochs. */
export const MetricPoint = z
  .object({
    epoch: z.int().describe("from 1"),
    step: z.int().describe("optimiser steps so far"),
    seconds: z.number().describe("of computing since the job's first start"),
    learningRate: z.number().describe("of the step, as the schedule has it"),
    gradientNorm: z.number().describe("length of the whole gradient, before clipping"),
    trainLoss: z.number().describe("mean over the rows of the epoch so far, with penalties"),
    metrics: Metrics.describe("measured by then, by name"),
    repeat: z
      .int()
      .optional()
      .describe("of a cross-validation: the division of the rows, from 1; absent: the model of all rows, or no folds"),
    fold: z.int().optional().describe("of that division, from 1; its epochs are counted from 1 again"),
    layers: z.array(LayerStatistics).default([]).describe("some epochs only"),
  })
  .meta({ id: "MetricPoint", description: "One point of a job's curve." });

export type Plan = z.infer<typeof Plan>;
export type HistoryEntry = z.infer<typeof HistoryEntry>;
export type Metrics = z.infer<typeof Metrics>;
export type JobError = z.infer<typeof JobError>;
export type JobEvent = z.infer<typeof JobEvent>;
export type MetricPoint = z.infer<typeof MetricPoint>;
export type LayerStatistics = z.infer<typeof LayerStatistics>;
export type Job = Omit<z.infer<typeof Job>, "spec"> & { spec: ResolvedJobSpec };
