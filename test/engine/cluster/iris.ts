import { readFileSync } from "node:fs";
import type { ClusteringOptions, ClusteringResult } from "../../../src/engine/cluster/clustering.ts";
import type { ClusteringPlan, ClusteringSplit } from "../../../src/engine/cluster/clustering-plan.ts";
import { fitClustering } from "../../../src/engine/cluster/fit-clustering.ts";
import { type ClusteringSpec, planClustering } from "../../../src/engine/cluster/plan-clustering.ts";
import type { Points, RowWork } from "../../../src/engine/cluster/points.ts";
import { scratchDoubles } from "../../../src/engine/kernels/clustering/clustering-kernels.ts";
import { clusteringLoops } from "../../../src/engine/kernels/clustering/load-clustering-kernels.ts";
import { tableOf } from "../../../src/engine/tensor/table.ts";

export interface RecordedMixture {
  iterations: number;
  weights: number[];
  means: number[];
  covariances: number[];
  logLikelihood: number;
  bic: number;
  aic: number;
  logDensities: number[];
  responsibilities: number[];
}

/** What scikit-learn found: see scikit-learn.py. */
export const recorded: {
  rows: number;
  columns: number;
  x: number[];
  kMeans: { start: number[]; centroids: number[]; inertia: number; labels: number[] };
  best: { k: number; inertia: number; silhouette: number }[];
  mixtures: Record<"full" | "tied" | "diagonal" | "spherical", { three: RecordedMixture; converged: RecordedMixture }>;
} = JSON.parse(readFileSync(new URL("./scikit-learn.json", import.meta.url), "utf8"));

export const iris: Points = tableOf(Float32Array.from(recorded.x), recorded.columns);

export const toSpec = (
  model: ClusteringSpec["model"],
  training: Partial<ClusteringSpec["training"]> = {},
): ClusteringSpec => ({
  model,
  training: { epochs: 300, seed: 7, ...training },
});

/** The working space of rows that are computed in JavaScript. */
export const rowWork = (k: number, columns: number): RowWork => ({
  kernels: clusteringLoops,
  scratch: new Float64Array(scratchDoubles(k, columns)),
});

/** Plans for the points, the last rows being validation and test rows, and puts them into a memory of exactly the planned size. */
export const prepare = (
  spec: ClusteringSpec,
  points: Points,
  heldOut: { validation: number; test: number } = { validation: 0, test: 0 },
): { plan: ClusteringPlan; memory: { buffer: SharedArrayBuffer } } => {
  const trainRows = points.rows - heldOut.validation - heldOut.test;
  const shape = { trainRows, validationRows: heldOut.validation, testRows: heldOut.test, inputs: points.columns };
  const plan = planClustering(spec, shape);
  const buffer = new SharedArrayBuffer(plan.memoryBytes);
  let at = 0;
  for (const split of ["train", "validation", "test"] satisfies ClusteringSplit[]) {
    const { rows, features } = plan.data[split];
    const size = rows * points.columns;
    new Float32Array(buffer, features.offset, size).set(points.values.subarray(at, at + size));
    at += size;
  }
  return { plan, memory: { buffer } };
};

/** Options of a fit that nobody disturbs. */
export const undisturbed = (): ClusteringOptions => ({
  control: new Int32Array(new SharedArrayBuffer(4)),
  nowMs: () => 0,
  checkpointEveryMs: Number.POSITIVE_INFINITY,
});

export const fitPoints = (
  spec: ClusteringSpec,
  points: Points,
  options: Partial<ClusteringOptions> = {},
): Promise<ClusteringResult> => {
  const { plan, memory } = prepare(spec, points);
  return fitClustering(plan, memory, { ...undisturbed(), ...options });
};

/** Points around `centres`, from a small linear congruential generator: sums of four uniform numbers make the noise. */
export const blobs = (centres: readonly (readonly number[])[], rowsEach: number, spread: number, seed = 1): Points => {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const columns = centres[0]!.length;
  const values = new Float32Array(centres.length * rowsEach * columns);
  for (let i = 0; i < values.length; i++) {
    const centre = centres[Math.floor(i / columns) % centres.length]!;
    values[i] = centre[i % columns]! + spread * (uniform() + uniform() + uniform() + uniform() - 2);
  }
  return tableOf(values, columns);
};

/** What must be equal to the bit. */
export const resultBits = ({ outcome, tensors, metrics, state }: ClusteringResult): unknown => ({
  outcome,
  tensors: tensors.map(({ name, values }) => [name, [...new BigUint64Array(values.slice().buffer)]]),
  metrics,
  steps: state.meta.step,
});

/** Speaks through the control word once so many iterations are done. */
export const stopAfter = (iterations: number, wanted: number) => {
  const control = new Int32Array(new SharedArrayBuffer(4));
  let done = 0;
  if (iterations === 0) control[0] = wanted;
  return { control, onProgress: () => void (++done === iterations && Atomics.store(control, 0, wanted)) };
};

/** The planned rows, so many of them at a time in an array of their own, as tables from a file have them. */
export const inBlocks = (
  { data }: ClusteringPlan,
  buffer: ArrayBufferLike,
  blockRows: number,
): Record<ClusteringSplit, Points> => {
  const blocksOf = (split: ClusteringSplit): Points => {
    const { rows, features } = data[split];
    const columns = features.shape[1]!;
    const all = new Float32Array(buffer, features.offset, rows * columns);
    const values = new Float32Array(blockRows * columns);
    let block = -1;
    const seek = (row: number): number => {
      if (block !== Math.floor(row / blockRows)) {
        block = Math.floor(row / blockRows);
        values.set(all.subarray(block * blockRows * columns, (block + 1) * blockRows * columns));
      }
      return (row % blockRows) * columns;
    };
    return { rows, columns, values, blockRows, seek };
  };
  return { train: blocksOf("train"), validation: blocksOf("validation"), test: blocksOf("test") };
};
