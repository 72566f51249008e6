import type { ClusteringReport, ReconstructionReport, ReportNote } from "../domain/models/report.ts";
import { estimateMean, estimatePositiveMean, quantilesOf } from "./estimate.ts";
import { fewDensities, fewRows, leastDensities } from "./report-notes.ts";
import type { Sampling } from "./sampling.ts";

/** What a clustering or a mixture answered. */
export interface ClusterAnswers {
  task: ClusteringReport["task"];
  split: ClusteringReport["split"];
  k: number;
  assignments: Int32Array;
  trainAssignments: Int32Array;
  /** ln p of each row, in the features' units; null for k-means. */
  logDensities: Float64Array | null;
  /** From its centroid; null for mixtures. */
  distances: Float64Array | null;
  weights: Float64Array | null;
  criteria: ClusteringReport["criteria"];
  notes: readonly ReportNote[];
  /** Of each cluster, and of all of them. */
  examined: {
    readonly stability: ClusteringReport["stability"];
    readonly jaccards: readonly (number | null)[];
    readonly silhouettes: readonly (number | null)[];
    readonly columns: readonly ClusteringReport["columns"][number][];
  };
}

const countsOf = (assignments: Int32Array, k: number): Int32Array => {
  const counts = new Int32Array(k);
  for (const cluster of assignments) counts[cluster]! += 1;
  return counts;
};

/** Nothing is promised of the next row, so any number but one is enough. */
const oneRow = (split: ClusteringReport["split"], rows: number): ReportNote[] =>
  rows === 1 ? fewRows(split, rows, 0) : [];

/** As many clusters were asked for, and rows are not different enough for them. */
const emptyClusters = (trainRows: Int32Array): ReportNote[] => {
  const empty = trainRows.filter((rows) => rows === 0).length;
  if (empty === 0) return [];
  const message = `${empty} of the ${trainRows.length} clusters ${empty === 1 ? "has" : "have"} no training row, and will be no row's answer unless new rows are unlike all of those; ask for fewer, or see whether most rows are the same`;
  return [{ code: "empty_clusters", message }];
};

export const reportClusters = (answers: ClusterAnswers): ClusteringReport => {
  const { task, split, k, assignments, trainAssignments, logDensities, distances, weights, criteria } = answers;
  const [rows, trainRows] = [countsOf(assignments, k), countsOf(trainAssignments, k)];
  const few = logDensities !== null && logDensities.length > 1 && logDensities.length < leastDensities;
  const notes = [
    ...[...answers.notes, ...emptyClusters(trainRows), ...oneRow(split, assignments.length)],
    ...(few ? [fewDensities(split, assignments.length)] : []),
  ];
  return {
    task,
    split,
    rows: assignments.length,
    distribution: logDensities === null ? null : "mixture of normal distributions",
    logLikelihood: logDensities && { ...estimateMean(logDensities), ...(few ? { lower: null, upper: null } : {}) },
    meanDistance: distances && estimatePositiveMean(distances),
    k,
    criteria,
    notes,
    clusters: Array.from({ length: k }, (_, cluster) => ({
      trainRows: trainRows[cluster]!,
      rows: rows[cluster]!,
      weight: weights?.[cluster] ?? null,
      stability: answers.examined.jaccards[cluster] ?? null,
      silhouette: answers.examined.silhouettes[cluster] ?? null,
    })),
    stability: answers.examined.stability,
    columns: [...answers.examined.columns],
  };
};

/** @param errors mean squared error of each row over the standardised inputs */
export const reportReconstruction = (
  split: ReconstructionReport["split"],
  errors: Float64Array,
  sampling: Sampling | null = null,
): ReconstructionReport => ({
  task: "reconstruction",
  split,
  rows: errors.length,
  meanSquaredError: estimatePositiveMean(errors, sampling),
  notes: oneRow(split, errors.length),
  crossValidation: null,
  quantiles: quantilesOf(errors, [0.5, 0.75, 0.9, 0.95, 0.99]),
});
