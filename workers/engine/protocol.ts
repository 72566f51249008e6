import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { JobId, ModelId, TenantId } from "../../src/domain/ids.ts";
import type { NoticeType } from "../../src/domain/jobs/event-types.ts";
import type { JobError, JobEvent, MetricPoint, Metrics } from "../../src/domain/jobs/job.ts";
import type { JobPrediction } from "../../src/domain/jobs/prediction-job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { AnyModel, Model } from "../../src/domain/models/model.ts";
import type { TrainingPlan } from "../../src/engine/train/planning/training.ts";
import type { CacheOptions } from "../../src/store/artifacts/cached-artifact-store.ts";
import type { CheckpointRecord, FoldsSoFar, Trial } from "../../src/store/job-store.ts";
import type { CompareQuestion, InferQuestion } from "../../src/usecases/deps.ts";
import type { ReadOrder } from "../reading/read-rows.ts";
import type { Control } from "./control.ts";

/** Everything that the lead of a job must know; it opens the store, reads and computes by itself. */
export interface RunOrder {
  tenant: TenantId;
  job: JobId;
  attempt: number;
  spec: ResolvedJobSpec;
  dataset: Dataset;
  /** The model whose weights the job starts from. */
  base: AnyModel | null;
  /** Whether the base, or what it started from, has learnt from rows that test the job. */
  seenByBase: boolean;
  /** Null: the job trains. */
  prediction: JobPrediction | null;
  /** Newest first. */
  checkpoints: readonly CheckpointRecord[];
  artifactUrl: string;
  artifactCache: CacheOptions | null;
  /** Where a job whose rows do not fit into its memory keeps them, encoded. */
  scratchFolder: string;
  checkpointMs: number;
  /** Null: the job is no study's trial. */
  trial: Trial | null;
  /** What the ledger holds for the job: the lead may not take more. */
  admitted: { memoryBytes: number; threads: number };
  /** At least so large, and all zero. */
  memory: WebAssembly.Memory;
  control: Control;
}

/** What a member of the team needs beside its rank: the plan and the one memory that all share. */
export interface TeamOrder {
  plan: TrainingPlan;
  memory: WebAssembly.Memory;
}

/** The trainer's main thread to an engine thread. One task at a time. */
export type ToThread =
  | { type: "lead"; order: RunOrder }
  | { type: "join"; team: TeamOrder; rank: number }
  | { type: "read"; order: ReadOrder };

/** How a run ended, in the lead's words. */
export type RunEnd =
  /** The weights are in the store; nothing is committed yet. */
  | { type: "trained"; model: Omit<Model, "createdAt">; metrics: Metrics }
  /** The answers are in the store; nothing is committed yet. */
  | { type: "predicted"; prediction: JobPrediction; metrics: Metrics }
  /** As requested; the checkpoint, if one was requested, was posted before. */
  | { type: "stopped" }
  /** The epoch at which it was to pause; the checkpoint was posted before. */
  | { type: "reached"; epoch: number; folds?: FoldsSoFar }
  | { type: "failed"; error: JobError }
  /** The world did not let it go on (the store is away): the job goes back to the queue. */
  | { type: "interrupted"; reason: string };

/** Which fold of a cross-validation speaks. */
export interface FoldName {
  /** As in "fold 2 of 5". */
  readonly name: string;
  /** From 1. */
  readonly repeat: number;
  readonly fold: number;
}

/** What every job of training goes through; a job that predicts reads and predicts. */
export type Phase = "read" | "fit" | "evaluate" | "report" | "store" | "predict";

/** An engine thread to the trainer's main thread. */
export type FromThread =
  /** The task is over and the thread may have another. */
  | { type: "idle" }
  /** The lead asks for the other members of its team. */
  | { type: "recruit"; team: TeamOrder }
  /** The lead asks for a thread that reads its rows. */
  | { type: "recruit_reader"; order: ReadOrder }
  /** Data are prepared; `secondsBefore` and `step` were computed by earlier attempts, up to the checkpoint resumed from. */
  | { type: "started"; secondsBefore: number; step: number }
  | { type: "progress"; progress: number; metrics: Metrics; of?: FoldName | null }
  | { type: "points"; points: MetricPoint[] }
  | { type: "event"; level: JobEvent["level"]; name: NoticeType; message: string; data: JobEvent["data"] }
  /** A checkpoint is durable in the store. */
  | { type: "checkpoint"; record: CheckpointRecord; bytes: number; seconds: number; of?: FoldName | null }
  /** A call of the artifact store is over; `error`: its code or name. */
  | { type: "store_call"; operation: string; seconds: number; error: string | null }
  /** What the lead does from here on, until the next; `atMs` since 1970. */
  | { type: "phase"; phase: Phase; atMs: number; of?: FoldName | null }
  | { type: "finished"; end: RunEnd };

/** What the inference thread is asked; `forget` needs no answer. */
export type ToInference =
  | {
      type: "predictBody";
      tenant: TenantId;
      key: string | null;
      model: AnyModel;
      body: Uint8Array;
      contentType: string;
    }
  | { type: "predictMessage"; tenant: TenantId; key: string | null; model: AnyModel; body: Uint8Array }
  | {
      type: "inferHttp";
      tenant: TenantId;
      key: string | null;
      model: AnyModel;
      question: InferQuestion & { jsonBytes: number | null };
    }
  | { type: "inferMessage"; tenant: TenantId; key: string | null; model: AnyModel; question: InferQuestion }
  | ({ type: "compare"; tenant: TenantId } & CompareQuestion)
  | { type: "forget"; tenant: TenantId; model: ModelId };

/** The API's main thread to one that it asks; without an id it waits for no answer. */
export interface ToAnswering<Question> {
  id: number | null;
  question: Question;
}

/** And back. An error travels as data: a ServiceError's class is lost between threads. */
export type FromAnswering<Answer> =
  /** It is at work on what a question needs first. */
  | { type: "alive" }
  | { type: "answer"; id: number; answer: Answer }
  | { type: "refused"; id: number; code: string; detail: string; errors: { pointer: string; detail: string }[] };
