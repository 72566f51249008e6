import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { ClusteringPlan } from "../../../src/engine/cluster/clustering-plan.ts";
import { isClusteringModel, planClustering } from "../../../src/engine/cluster/plan-clustering.ts";

interface ExaminedShape {
  readonly trainRows: number;
  readonly inputs: number;
}

/** What a report says of clusters beyond their sizes. */
export interface Examined {
  readonly stability: { readonly rows: number; readonly resamples: number; readonly adjustedRand: number } | null;
  /** By cluster. */
  readonly jaccards: readonly (number | null)[];
  readonly silhouettes: readonly (number | null)[];
  readonly columns: readonly { readonly column: string; readonly between: number }[];
}

/** More rows make it slower and hardly surer. */
const mostRows = 1000;
const mostResamples = 20;
/** Fewer say too little. */
const [leastRows, leastResamples] = [20, 5];
/** Operations that all resamples may take together: about a second. */
const mostFlops = 2e9;
const mostDistanceFlops = 1e9;
/** Of a run until it has converged. */
const usualIterations = 25;

/** Rows whose distances from each other are computed, in less than a second. */
export const examinedRows = ({ trainRows, inputs }: ExaminedShape): number =>
  Math.min(trainRows, mostRows, Math.max(leastRows, Math.floor(Math.sqrt(mostDistanceFlops / (3 * inputs)))));

/** Half of them, to which a resample is fitted. */
const resampledRows = (shape: ExaminedShape): number => Math.ceil(examinedRows(shape) / 2);

/** The fit of one resample: the same model with this k. */
export const planResample = ({ model, training }: ResolvedJobSpec, shape: ExaminedShape, k: number): ClusteringPlan => {
  const own = model.type === "k_means" ? { ...model, clusters: k } : { ...model, components: k };
  const half = { trainRows: resampledRows(shape), validationRows: 0, testRows: 0, inputs: shape.inputs };
  return planClustering({ model: own as ResolvedJobSpec["model"], training }, half);
};

/** Operations of one resample's fit. */
const resampleFlops = (spec: ResolvedJobSpec, shape: ExaminedShape, k: number): number =>
  isClusteringModel(spec.model)
    ? planResample(spec, shape, k).flopsPerStep * spec.model.restarts * Math.min(usualIterations, spec.training.epochs)
    : 0;

/** How many halves of the rows are clustered again; 0 where there is one cluster, where the rows are too few for so many, or where even five would take too long. */
export const resamplesOf = (spec: ResolvedJobSpec, shape: ExaminedShape, k: number): number => {
  const rows = examinedRows(shape);
  if (k < 2 || rows < leastRows || resampledRows(shape) < 2 * k) return 0;
  const paid = Math.floor(mostFlops / Math.max(1, resampleFlops(spec, shape, k)));
  return paid < leastResamples ? 0 : Math.min(mostResamples, paid);
};

const largestK = ({ model }: ResolvedJobSpec): number => {
  const count = model.type === "k_means" ? model.clusters : model.type === "gaussian_mixture" ? model.components : 1;
  return typeof count === "number" ? count : count.to;
};

/** Operations of all that is examined, for the largest k: fits of resamples, and the distances between all rows. */
export const examiningFlops = (spec: ResolvedJobSpec, shape: ExaminedShape): { fits: number; distances: number } => {
  const k = Math.min(largestK(spec), shape.trainRows);
  const rows = examinedRows(shape);
  const resamples = resamplesOf(spec, shape, k);
  const fits = resamples === 0 ? 0 : resamples * resampleFlops(spec, shape, k);
  return { fits, distances: 3 * rows * rows * shape.inputs };
};
