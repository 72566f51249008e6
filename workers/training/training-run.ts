import type { PreparedArrays, RowIntake } from "../../src/data/preprocessing/prepare.ts";
import type { NoticeType } from "../../src/domain/jobs/event-types.ts";
import type { JobEvent, MetricPoint, Metrics } from "../../src/domain/jobs/job.ts";
import type { Preprocessing } from "../../src/domain/models/model.ts";
import type { IsotonicCalibration } from "../../src/domain/models/parts/isotonic.ts";
import type { Report } from "../../src/domain/models/report.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import type { Trial } from "../../src/store/job-store.ts";
import type { Control } from "../engine/control.ts";
import type { Phase, TeamOrder } from "../engine/protocol.ts";
import type { ReadOrder } from "../reading/read-rows.ts";
import type { CheckpointContent } from "./checkpoint-file.ts";
import type { HeldOutAnswers, Judged } from "./folds/judge-rows.ts";

/**
 * The first checkpoint of each attempt comes after this share of the time between two: it shows that the job gets on, so that what
 * befalls its trainer later is not held against it.
 */
export const firstCheckpointShare = 0.1;

/** What a training run tells while it runs, and what it starts from. */
export interface TrainingRunContext {
  control: Control;
  preprocessing: Preprocessing;
  /** Weights of the base model by name; a fit empties it once it has them. */
  initial: Map<string, Float32Array> | null;
  resume: CheckpointContent | null;
  checkpointMs: number;
  /** Null: the job is no study's trial. */
  trial: Trial | null;
  /** The fit is of a fold or of a part of the training rows: what matters is what its model makes of the rows held out, and no report is made. */
  judges?: true;
  /** The fit comes after one that was measured: its weights are all that matters. */
  refits?: true;
  onProgress(progress: number): void;
  onPoint(point: MetricPoint): void;
  /** What is done from here on. */
  onPhase(phase: Phase): void;
  onEvent(event: Pick<JobEvent, "level" | "message" | "data"> & { type: NoticeType }): void;
  /** Settles when the checkpoint is durable. */
  writeCheckpoint(content: CheckpointContent): Promise<void>;
}

export type TrainingRunEnd =
  | {
      type: "completed";
      tensors: Tensor[];
      metrics: Metrics;
      parameters: number;
      report: Report;
      scores: Tensor[] | null;
      /** From which probability on the second of two classes is the answer; null: the likelier class is. */
      threshold: number | null;
      /** What becomes of the probabilities; left out: they are as the weights give them. */
      calibration?: IsotonicCalibration;
      /** What single predictions are explained against; null: they cannot be. */
      background: Tensor[] | null;
      heldOut: HeldOutAnswers | null;
      /** Of a job with a learning curve: what its last point is made of. */
      judged?: Judged;
    }
  /** Of a fold, or of a part of the training rows. */
  | { type: "judged"; metrics: Metrics; judged: Judged; tensors: Tensor[]; parameters: number }
  /** Of every row, after a fit that was measured. */
  | { type: "refitted"; tensors: Tensor[]; parameters: number; background: Tensor[] | null }
  /** As the control word requests; a requested checkpoint is written. */
  | { type: "stopped" }
  /** At the epoch at which it was to pause; the checkpoint is written. */
  | { type: "reached"; epoch: number };

/** One way to fit a model: a network trained by a team of threads, or clusters by one. */
export interface TrainingRun {
  /** What the other members of the team need; null when the lead computes alone. */
  team: TeamOrder | null;
  /** Where the prepared data go, in the job's memory. */
  arrays: PreparedArrays;
  /** The numbers in the arrays are the file's, not standardised. */
  ownUnits?: true;
  /** Takes the rows instead of the arrays, on the base's weights; null: the arrays hold them. */
  intake?: (initial: ReadonlyMap<string, Float32Array>, control: Control) => RowIntake | null;
  /** The rows come through a ring: what their reader must know once the data are prepared. Null: all lie in the memory. */
  reader?: (
    preprocessing: Preprocessing,
  ) => Pick<ReadOrder, "memory" | "ring" | "preprocessing" | "augment" | "seed" | "spill"> | null;
  /** Seconds of computing that a checkpoint already stands for. */
  secondsOf(state: unknown): number;
  fit(context: TrainingRunContext): Promise<TrainingRunEnd>;
  /** Lets the members of the team, and the reader, go. */
  dismiss(): void;
}
