import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { JobId, ModelId } from "../ids.ts";
import { JobState } from "./job-state.ts";
import { JobSpec, type ResolvedJobSpec } from "./spec/job-spec.ts";

export const Timestamp = z.iso.datetime().meta({ id: "Timestamp", description: "RFC 3339, UTC" });

/** What a job will need, known before it is queued. */
export const Plan = z
  .object({
    parameters: z.int().describe("trainable and frozen weights"),
    memoryBytes: z.int().describe("peak bytes of the engine's shared memory: the trainer's real peak equals it"),
    flopsPerStep: z.number().describe("floating-point operations of one optimiser step"),
    stepsPerEpoch: z.int(),
    steps: z.int().describe("of all epochs, and of the search for the penalty, if nothing stops the job early"),
    searchSteps: z
      .int()
      .optional()
      .describe("those of `steps` that choose the penalty at most; absent where it is given"),
    threads: z.int().describe("team size after the planner's choice: tiny plans use one thread"),
    estimatedSeconds: z.number().describe("of computing, from FLOPs and a measured rate; a guide, not a promise"),
    warnings: z.array(z.string()),
    backend: z
      .string()
      .optional()
      .describe(
        "always `wasm`: the bits of a job are those of the WebAssembly kernels; `history` says which kernels computed it",
      ),
  })
  .meta({ id: "Plan" });

export const HistoryEntry = z
  .object({ state: JobState, at: Timestamp, reason: z.string(), attempt: z.int() })
  .meta({ id: "HistoryEntry" });

/** Latest values by name: trainLoss, validationLoss, validationAccuracy, testLoss, testAccuracy, testR2, … */
export const Metrics = exactRecord(z.string(), z.number()).meta({ id: "Metrics" });

/** Why a job failed: `code` is stable (`diverged`, `out_of_memory`, `poison`, `max_seconds`, `data`, `engine_crashed`, `store_full`, …). */
export const JobError = z.object({ code: z.string(), message: z.string(), hint: z.string() }).meta({ id: "JobError" });

export const Job = z
  .object({
    id: JobId,
    state: JobState,
    done: z.boolean(),
    progress: z.number().min(0).max(1),
    spec: JobSpec,
    plan: Plan,
    history: z.array(HistoryEntry),
    createdAt: Timestamp,
    startedAt: Timestamp.nullable(),
    endedAt: Timestamp.nullable(),
    attempt: z.int().describe("how many times a trainer took the job up"),
    metrics: Metrics,
    model: ModelId.nullable(),
    error: JobError.nullable(),
  })
  .meta({ id: "Job" });

/** One line of a job's event log. `id` is the event's position (SSE's Last-Event-ID). */
export const JobEvent = z
  .object({
    id: z.string(),
    at: Timestamp,
    level: z.enum(["info", "warn", "error"]),
    /** `state`, `progress`, `metrics`, `checkpoint`, or a warning's name: `zero_initial_weights`, `vanishing_gradients`, … */
    type: z.string(),
    message: z.string(),
    data: exactRecord(z.string(), z.json()),
  })
  .meta({ id: "JobEvent" });

/** Per-layer statistics of one epoch: root-mean-square gradient and activation, share of units that were never active. */
export const LayerStatistics = z.object({
  layer: z.string(),
  gradientRms: z.number(),
  weightRms: z.number(),
  activationMean: z.number().optional(),
  activationRms: z.number().optional(),
  deadShare: z.number().optional(),
});

/** One point of the metrics history: one per epoch, and per N steps in long epochs. */
export const MetricPoint = z
  .object({
    epoch: z.int(),
    step: z.int(),
    seconds: z.number().describe("of computing since the job's first start"),
    learningRate: z.number(),
    gradientNorm: z.number(),
    trainLoss: z.number(),
    metrics: Metrics,
    layers: z.array(LayerStatistics).default([]),
  })
  .meta({ id: "MetricPoint" });

export type Plan = z.infer<typeof Plan>;
export type HistoryEntry = z.infer<typeof HistoryEntry>;
export type Metrics = z.infer<typeof Metrics>;
export type JobError = z.infer<typeof JobError>;
export type JobEvent = z.infer<typeof JobEvent>;
export type MetricPoint = z.infer<typeof MetricPoint>;
export type LayerStatistics = z.infer<typeof LayerStatistics>;
export type Job = Omit<z.infer<typeof Job>, "spec"> & { spec: ResolvedJobSpec };
