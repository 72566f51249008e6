import type { NoticeType } from "../../domain/jobs/event-types.ts";
import type { MetricPoint, Metrics } from "../../domain/jobs/job.ts";
import type { ClusteringKernels } from "../kernels/clustering/clustering-kernels.ts";
import type { ClusteringState } from "./clustering-state.ts";
import type { ClusterTensor } from "./parameter-block.ts";

// The terms of fitClustering: those of the training of networks (train/training.ts), so that one lead thread can run either.

/** What the control word says. */
export const controls = { run: 0, pause: 1, cancel: 2, handBack: 3 } as const;

export interface ClusteringEvent {
  readonly level: "info" | "warn" | "error";
  readonly type: NoticeType;
  readonly message: string;
  readonly data: Record<string, number>;
}

export interface ClusteringOptions {
  readonly resume?: ClusteringState;
  /** One word of shared memory, read before each iteration: a value of `controls`. */
  readonly control: Int32Array;
  /** Read at least once in each iteration. */
  readonly nowMs: () => number;
  readonly checkpointEveryMs: number;
  /** Until the first checkpoint of this run; as between the others if left out. */
  readonly firstCheckpointMs?: number;
  /** Σⱼ ln scaleⱼ of the inputs that were divided by a scale: densities are then those of the original units. 0 if left out. */
  readonly logScale?: number;
  /** In JavaScript if left out; the result is the same to the bit. */
  readonly kernels?: ClusteringKernels;
  readonly onPoint?: (point: MetricPoint) => void;
  readonly onEvent?: (event: ClusteringEvent) => void;
  readonly onProgress?: (fraction: number) => void;
  readonly onCheckpoint?: (state: ClusteringState) => Promise<void>;
}

export interface ClusteringResult {
  readonly outcome: "finished" | "paused" | "cancelled" | "handed_back";
  readonly metrics: Metrics;
  readonly state: ClusteringState;
  /** Of the chosen k, in the model's fixed order; empty unless finished. */
  readonly tensors: readonly ClusterTensor[];
  /** Of each k, where there was a choice of k; empty unless finished. */
  readonly criteria: { readonly k: number; readonly criterion: "bic" | "silhouette"; readonly value: number }[];
  /** A component of the chosen mixture collapsed onto rows that agree in something. */
  readonly degenerate: boolean;
}

/** Why a clustering job cannot go on: no run found a usable estimate. */
export class ClusteringError extends Error {
  readonly code = "diverged";
  readonly hint: string;
  readonly data: Record<string, number>;

  constructor(message: string, hint: string, data: Record<string, number>) {
    super(message);
    this.name = "ClusteringError";
    this.hint = hint;
    this.data = data;
  }
}
