import type { NoticeType } from "../../../domain/jobs/event-types.ts";
import type { LayerStatistics, MetricPoint, Metrics } from "../../../domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import type { ExecutionPlan } from "../../graph/plan.ts";
import type { PlateauState } from "../../optim/schedule.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { SearchPlan, SearchState, StepPrograms, TrialUnits } from "./plan-search.ts";
import type { Feed, FeedPlan, RingPlan, TrunkPlan } from "./row-sources.ts";

/** What the planner needs to know of the data: counts only. */
export interface DataShape {
  readonly trainRows: number;
  readonly validationRows: number;
  readonly testRows: number;
  /** Training rows that a trial of the search for a penalty learns from, whole batches; the others judge it. 0 or absent: no search. */
  readonly trialRows?: number;
  /** Inputs of the model after preprocessing. */
  readonly inputs: number;
  /** Outputs of the model: classes, 1 (regression, binary_cross_entropy, Poisson), 2 (gaussian_nll) or `inputs` (autoencoder). */
  readonly outputs: number;
  /** Of a stored image, where training changes it from epoch to epoch; whether rows can be read one by one, from the data set's file or once encoded, and the ring that the planner chose for them. */
  readonly imageBytes?: number;
  readonly streams?: boolean;
  readonly spills?: boolean;
  /** Of the table, as it is read. */
  readonly cells?: number;
  readonly ringRows?: number;
}

export const splits = ["train", "validation", "test"] as const;
export type Split = (typeof splits)[number];

/** The rows that say most about new ones: those that training saw least of. */
export const reportSplitOf = (shape: DataShape): Split =>
  shape.testRows > 0 ? "test" : shape.validationRows > 0 ? "validation" : "train";

/** A tensor at a fixed place of the job's memory; `offset` in bytes. */
export interface PlacedTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly offset: number;
}

/** A weight or running average of the model. */
export interface ModelTensor extends PlacedTensor {
  readonly kind: "parameter" | "statistic";
  /** The layer that it belongs to: `hidden.0`, `layers.3`, `output`. */
  readonly layer: string;
  readonly frozen: boolean;
}

/** Where one split of the preprocessed data lies: no features where they come through a ring. `labels` is null for an autoencoder, whose features are its labels. */
export interface SplitPlacement {
  readonly rows: number;
  readonly features: PlacedTensor;
  readonly labels: PlacedTensor | null;
}

/** Floats (f32) one after another. */
export interface FloatRegion {
  readonly offset: number;
  readonly count: number;
}

/** Where everything else of a job lies: offsets in bytes. */
export interface TrainingLayout {
  readonly syncOffset: number;
  readonly scratchOffsets: readonly number[];
  /** Four u32: seed and step. */
  readonly randomOffset: number;
  /** One i32: where the batch begins in `order`. */
  readonly cursorOffset: number;
  /** One f32: the last batch's loss. */
  readonly lossOffset: number;
  /** Learning-rate groups: their factors, the stages from which they learn, and hyper blocks. */
  readonly groups: readonly { readonly factor: number; readonly stage: number; readonly hyperOffset: number }[];
  readonly constants: readonly (PlacedTensor & { readonly values: readonly number[] })[];
  /** Weights and then running averages, padded tensor by tensor to 16 bytes. */
  readonly model: FloatRegion;
  /** Gradients of the trainable weights, which stand first in `model` in the same order. */
  readonly gradients: FloatRegion;
  readonly slots: readonly (FloatRegion & { readonly name: string })[];
  /** A copy of `model` from the best epoch, if early stopping restores it. */
  readonly best: FloatRegion | null;
  /** The order of the training rows in this epoch, and 0, 1, 2, …; i32. */
  readonly orderOffset: number;
  /** One random u32 for each training row, drawn anew for each epoch. */
  readonly shuffleOffset: number;
  readonly identityOffset: number;
  readonly classWeights: readonly PlacedTensor[];
  readonly evaluation: EvaluationLayout;
  readonly statistics: StatisticsLayout;
}

/** Where an evaluation program leaves its answers. */
export interface EvaluationLayout {
  readonly rows: number;
  readonly lossOffset: number;
  /** One f32, the batch's mean squared error over rows and columns; regression only. */
  readonly squaredErrorOffset: number;
  /** i32 predicted classes (cross_entropy) or f32 logits (binary_cross_entropy); classification only. */
  readonly answersOffset: number;
  /** f32 [rows, outputs]: what the model says of the split that the report is about, behind softmax, sigmoid or exp. */
  readonly outputsOffset: number;
  readonly kind: "classes" | "logit" | "regression" | "reconstruction";
}

/** Where the statistics program leaves its sums. */
export interface StatisticsLayout {
  readonly layers: readonly {
    readonly layer: string;
    readonly parameters: number;
    readonly trainable: number;
    readonly weightSquaresOffset: number;
    readonly gradientSquaresOffset: number;
  }[];
  readonly activities: readonly {
    readonly layer: string;
    readonly elements: number;
    readonly units: number;
    readonly rectified: boolean;
    readonly sumOffset: number;
    readonly squaresOffset: number;
    readonly seenOffset: number;
  }[];
}

/** Epochs in which the same layers learn. */
export interface Stage extends StepPrograms {
  readonly afterEpochs: number;
}

/** Positions in `programs`. */
export interface ProgramIndex {
  readonly initialise: number;
  /** Draws the words that the rows are shuffled by. */
  readonly shuffle: number;
  /** The first is the beginning; the others begin where layers are unfrozen. */
  readonly stages: readonly Stage[];
  readonly statistics: number;
  /** What is computed once for each row, if anything is. */
  readonly trunk: number | null;
  /** The program of full batches, and of the rest (the same where there is none); absent where the split has no rows. */
  readonly evaluate: Readonly<Partial<Record<Split, { readonly full: number; readonly rest: number }>>>;
}

/** A job's whole course, known before it is queued. A plain value: it can be posted to another thread. */
export interface TrainingPlan {
  readonly spec: ResolvedJobSpec;
  readonly shape: DataShape;
  /** Trainable and frozen weights, without running averages. */
  readonly parameters: number;
  /** Bytes of the one shared memory, a multiple of 64 KiB: it is allocated at exactly this size. */
  readonly memoryBytes: number;
  /** Of a step in which all learns that ever does. */
  readonly flopsPerStep: number;
  /** Of those, the ones that are done a second time because activations are not kept, and the bytes that the memory would have if all were. */
  readonly recomputedFlopsPerStep: number;
  readonly keepingBytes: number;
  /** Of the whole training, its measurements between the epochs and at the end. */
  readonly flops: number;
  /** How often each program runs in the whole job, by its position. */
  readonly runs: ReadonlyMap<number, number>;
  readonly stepsPerEpoch: number;
  /** Of the training itself; those of the search come before. */
  readonly steps: number;
  /** The trials that choose the penalty first; null: there are none. */
  readonly search: SearchPlan | null;
  readonly batchRows: number;
  /** Rows of an epoch's last batch. */
  readonly lastBatchRows: number;
  /** Of a step at most: each draws random numbers of its own. */
  readonly partsPerStep: number;
  readonly threads: number;
  readonly warnings: readonly string[];
  /** Weights and running averages in the model's fixed order. */
  readonly tensors: readonly ModelTensor[];
  readonly data: Readonly<Record<Split, SplitPlacement>>;
  readonly layout: TrainingLayout;
  /** Null: each epoch sees the same features; all rows lie in the memory. */
  readonly feed: FeedPlan | null;
  readonly ring: RingPlan | null;
  /** The frozen part of a network whose values are kept as features: null where there is none. `shape.inputs` counts those. */
  readonly trunk: TrunkPlan | null;
  readonly programs: readonly ExecutionPlan[];
  readonly programIndex: ProgramIndex;
  /** For leadTeam and runTeamMember. */
  readonly syncOffset: number;
  readonly scratchOffsets: readonly number[];
}

export interface TrainingEvent {
  readonly level: "info" | "warn" | "error";
  readonly type: NoticeType;
  readonly message: string;
  readonly data: Record<string, number | string | boolean | null | string[] | number[]>;
}

/** What the control word says. */
export const controls = { run: 0, pause: 1, cancel: 2, handBack: 3 } as const;

export interface FitOptions {
  /** Left out: the trials of a penalty hold out rows one by one. */
  readonly units?: TrialUnits;
  /** Needed where the plan has a feed. */
  readonly feed?: Feed;
  /** Weights to start from, by tensor name: the rest is initialised. Transfer learning; a new head leaves `output.…` out. */
  readonly initial?: ReadonlyMap<string, Float32Array>;
  /** The initial weights are in the memory, and nothing asks for them again. */
  onInitialTaken?: () => void;
  readonly resume?: TrainingState;
  /** One word of shared memory, read before each step: a value of `controls`. */
  readonly control: Int32Array;
  readonly nowMs: () => number;
  readonly checkpointEveryMs: number;
  /** Until the first checkpoint of this run; as between the others if left out. */
  readonly firstCheckpointMs?: number;
  /** The fit stops at the end of this epoch, as at a pause, unless it ends before or there. */
  readonly pauseAtEpoch?: number;
  /** Regression: target = (y − mean) / labelScale; errors are reported in y's units. 1 if left out. */
  readonly labelScale?: number;
  readonly onPoint?: (point: MetricPoint) => void;
  readonly onEvent?: (event: TrainingEvent) => void;
  readonly onProgress?: (fraction: number) => void;
  readonly onCheckpoint?: (state: TrainingState) => Promise<void>;
}

export interface FitResult {
  /** `reached`: the epoch at which it was to pause. */
  readonly outcome: "finished" | "paused" | "cancelled" | "handed_back" | "reached";
  readonly metrics: Metrics;
  readonly state: TrainingState;
}

/** What early stopping remembers. */
export interface BestEpoch {
  /** 1 is the first. */
  readonly epoch: number;
  readonly value: number;
  /** Epochs since. */
  readonly bad: number;
}

/** Everything but tensors that a resumed job needs; JSON-able. */
export interface TrainingMeta {
  readonly version: 1;
  /** Of the current trial or training: epochs done, batches of the current epoch done. And steps of the plan done or left out in all. */
  readonly epoch: number;
  readonly batch: number;
  readonly step: number;
  /** Σ loss · rows of the current epoch's batches. */
  readonly lossSum: number;
  readonly rowsSeen: number;
  readonly plateau: PlateauState;
  readonly best: BestEpoch | null;
  /** Where the search for the penalty stands; absent without one. */
  readonly search?: SearchState;
  /** Training and validation losses of watch: see warnings.ts. */
  readonly watch: WatchState;
  readonly metrics: Metrics;
  /** Milliseconds of computing so far. */
  readonly computedMs: number;
}

/** What the watch over the problems of learning remembers. */
export interface WatchState {
  readonly warned: readonly string[];
  readonly firstLoss: number | null;
  readonly lowestLoss: number | null;
  readonly lowestValidation: { readonly epoch: number; readonly loss: number; readonly trainLoss: number } | null;
  readonly deadPoints: number;
  readonly vanishingPoints: number;
  readonly layers: readonly LayerStatistics[];
}

/** A checkpoint: resuming from it gives the same bits as never having stopped. Tensors: `name`, `name/slot`, `best/name`. */
export interface TrainingState {
  readonly meta: TrainingMeta;
  readonly tensors: Readonly<Record<string, Float32Array>>;
}

/** Why a job cannot go on: `diverged`, `incompatible_weights`. */
export class TrainingError extends Error {
  readonly code: "diverged" | "incompatible_weights";
  readonly hint: string;
  readonly data: TrainingEvent["data"];

  constructor(code: TrainingError["code"], message: string, hint: string, data: TrainingEvent["data"] = {}) {
    super(message);
    this.name = "TrainingError";
    this.code = code;
    this.hint = hint;
    this.data = data;
  }
}
