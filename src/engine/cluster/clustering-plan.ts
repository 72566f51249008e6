import type { DType } from "../tensor/dtype.ts";
import type { TableSpill } from "../tensor/spill-format.ts";
import type { CovarianceName } from "./mixture/covariance-form.ts";

/** The rows of the three splits, and the inputs of the model after preprocessing. */
export interface ClusteringShape {
  readonly trainRows: number;
  readonly validationRows: number;
  readonly testRows: number;
  readonly inputs: number;
  /** Rows that do not fit may be kept in a file. */
  readonly spills?: boolean;
}

export type ClusteringSplit = "train" | "validation" | "test";

/** A tensor at a fixed place of the job's memory: `offset` in bytes. */
export interface ClusteringPlace {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly offset: number;
}

/** What is fitted: for every number of clusters in [from, to], `restarts` runs of at most `iterations` iterations. */
export interface ClusteringTask {
  readonly model: "k_means" | "gaussian_mixture";
  readonly from: number;
  readonly to: number;
  readonly restarts: number;
  readonly iterations: number;
  /** Mixtures only. */
  readonly covariance: CovarianceName;
  readonly regularization: number;
  readonly seed: number;
}

/** Where working arrays lie, bytes from the start of the memory. */
export interface ClusteringLayout {
  readonly assignments: number;
  readonly distances: number;
  readonly sums: number;
  readonly counts: number;
  /** Three blocks of parameters: of the running run, of the best run for its k, and of the best k. */
  readonly current: number;
  readonly candidate: number;
  readonly chosen: number;
  readonly sample: number;
  readonly triangle: number;
  readonly scratch: number;
  /** Mixtures only (0 otherwise). */
  readonly responsibilities: number;
  /** Rows whose responsibilities lie there at a time, and are computed once more where they are wanted again; null: those of all rows do. */
  readonly weighedRows: number | null;
  readonly componentCounts: number;
  readonly factors: number;
}

/** A clustering job's whole course, known before it is queued: a plain value with the numbers of every other job's plan. */
export interface ClusteringPlan {
  readonly kind: "clustering";
  readonly task: ClusteringTask;
  /** Numbers that are estimated, with the largest number of clusters. */
  readonly parameters: number;
  /** Bytes of the one shared memory, a multiple of 64 KiB: allocated at exactly this size. */
  readonly memoryBytes: number;
  /** Of one iteration with the largest number of clusters. */
  readonly flopsPerStep: number;
  readonly stepsPerEpoch: number;
  /** Iterations of all runs, if none converges early. */
  readonly steps: number;
  readonly epochs: number;
  /** Always 1: an iteration is short. */
  readonly threads: number;
  readonly warnings: readonly string[];
  readonly data: Readonly<
    Record<ClusteringSplit, { readonly rows: number; readonly features: ClusteringPlace; readonly labels: null }>
  >;
  readonly layout: ClusteringLayout;
  /** The rows do not fit: they are kept in a file of the trainer's, and the features have none. */
  readonly spill: TableSpill | null;
}
