import { type ClusteringKernels, scratchDoubles } from "../kernels/clustering/clustering-kernels.ts";
import { clusteringLoops } from "../kernels/clustering/load-clustering-kernels.ts";
import { seedWords } from "../kernels/philox.ts";
import { tableOf } from "../tensor/table.ts";
import type { ClusteringPlan, ClusteringSplit } from "./clustering-plan.ts";
import type { LloydWork } from "./k-means/lloyd.ts";
import type { MixtureWork } from "./mixture/covariance-form.ts";
import { covarianceForms } from "./mixture/expectation-maximisation.ts";
import { blockSize } from "./parameter-block.ts";
import { createDraws, type Draws, type Points } from "./points.ts";
import { drawSample, fillDistances, silhouette, silhouetteRows, triangleSize } from "./silhouette.ts";

/** Streams of random numbers of this floor: the `purpose` of their keys. */
const purposes = { start: 0x6b6d2b2b, sample: 0x73696c68 } as const;

/** The job's one shared memory: a WebAssembly.Memory of the plan's size. */
export interface JobMemory {
  readonly buffer: ArrayBufferLike;
  /** The rows, where they do not lie in it. */
  readonly tables?: Readonly<Record<ClusteringSplit, Points>>;
}

/** The plan's arrays as views of the job's memory. */
export interface Workspace {
  readonly points: Readonly<Record<ClusteringSplit, Points>>;
  readonly blocks: Readonly<Record<"current" | "candidate" | "chosen", Float64Array>>;
  readonly lloyd: LloydWork;
  readonly mixture: MixtureWork;
  /** The random numbers of one run: they depend on the seed, k and the restart's number alone. */
  draws(k: number, restart: number): Draws;
  /** Draws the silhouette's rows and computes their distances; overwrites `assignments`. */
  prepareSilhouette(): void;
  /** The mean silhouette of the training rows' assignments in `lloyd.assignments`. */
  silhouette(k: number): number;
}

export const createWorkspace = (
  plan: ClusteringPlan,
  memory: JobMemory,
  kernels: ClusteringKernels = clusteringLoops,
): Workspace => {
  const { buffer } = memory;
  const { task, layout, data } = plan;
  const d = data.train.features.shape[1]!;
  const rows = Math.max(data.train.rows, data.validation.rows, data.test.rows);
  const doubles = (offset: number, length: number) => new Float64Array(buffer, offset, length);
  const mixtureOnly = (offset: number, length: number) =>
    doubles(offset, task.model === "gaussian_mixture" ? length : 0);
  const block = blockSize(task, task.to, d);
  const points = (split: ClusteringSplit): Points =>
    memory.tables?.[split] ?? tableOf(new Float32Array(buffer, data[split].features.offset, data[split].rows * d), d);
  const train = points("train");
  const work = { kernels, scratch: doubles(layout.scratch, scratchDoubles(task.to, d)) };
  const lloyd: LloydWork = {
    ...work,
    assignments: new Int32Array(buffer, layout.assignments, rows),
    distances: doubles(layout.distances, rows),
    sums: doubles(layout.sums, task.to * d),
    counts: new Int32Array(buffer, layout.counts, task.to),
  };
  const sample = new Int32Array(buffer, layout.sample, Math.min(train.rows, silhouetteRows));
  const triangle = doubles(layout.triangle, triangleSize(sample.length));
  const words = seedWords(task.seed);
  return {
    points: { train, validation: points("validation"), test: points("test") },
    blocks: {
      current: doubles(layout.current, block),
      candidate: doubles(layout.candidate, block),
      chosen: doubles(layout.chosen, block),
    },
    lloyd,
    mixture: {
      ...work,
      responsibilities: mixtureOnly(layout.responsibilities, (layout.weighedRows ?? rows) * task.to),
      weighedRows: layout.weighedRows,
      counts: mixtureOnly(layout.componentCounts, task.to),
      factors: mixtureOnly(layout.factors, covarianceForms[task.covariance].factorSize(task.to, d)),
    },
    draws: (k, restart) => createDraws({ ...words, purpose: purposes.start, index: k * 65536 + restart }),
    prepareSilhouette: () => {
      drawSample(train.rows, { ...words, purpose: purposes.sample, index: 0 }, lloyd.assignments, sample);
      fillDistances(train, sample, triangle, work);
    },
    silhouette: (k) => silhouette(sample, triangle, lloyd.assignments, k, lloyd.sums, lloyd.counts),
  };
};
