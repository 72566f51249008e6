import { reportedSplit, type Split } from "../../src/data/splits/split.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Report } from "../../src/domain/models/report.ts";
import type { ClusteringResult } from "../../src/engine/cluster/clustering.ts";
import { degenerateMessage } from "../../src/engine/cluster/fit-progress.ts";
import { type ClusterModel, createClusterPredictor } from "../../src/engine/cluster/predict-clusters.ts";
import type { ClusteringKernels } from "../../src/engine/kernels/clustering/clustering-kernels.ts";
import { gatherRows, type Table, tableOf } from "../../src/engine/tensor/table.ts";
import { reportClusters } from "../../src/stats/unsupervised-report.ts";
import type { Examined } from "./clusters/examining-plan.ts";

/** So many rows are asked about at once: the answers hold a number for each of them and each cluster. */
const rowsAtOnce = 4096;

interface ClusterRows {
  k: number;
  assignments: Int32Array;
  logDensities: Float64Array | null;
  /** From the row's own centroid. */
  distances: Float64Array | null;
}

/** A fitted model, and what computes its answers. */
interface Asked {
  readonly model: ClusterModel;
  readonly kernels: ClusteringKernels;
}

const askAll = ({ model, kernels }: Asked, table: Table<Float32Array>): ClusterRows => {
  const predict = createClusterPredictor(model, kernels);
  const { rows, columns } = table;
  const assignments = new Int32Array(rows);
  const numbers = new Float64Array(rows);
  let k = 0;
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const part = Int32Array.from({ length: Math.min(rowsAtOnce, rows - first) }, (_, i) => first + i);
    const answers = predict(tableOf(gatherRows(table, part), columns));
    k = answers.k;
    assignments.set(answers.assignments, first);
    if (answers.model === "gaussian_mixture") numbers.set(answers.logDensities, first);
    else
      for (const [row, own] of answers.assignments.entries()) numbers[first + row] = answers.distances[row * k + own]!;
  }
  const mixture = model.model === "gaussian_mixture";
  return { k, assignments, logDensities: mixture ? numbers : null, distances: mixture ? null : numbers };
};

/** The report of a clustering or a mixture on the rows that were held out, or else on those that it was fitted to. */
export const reportClustering = (
  { task }: ResolvedJobSpec,
  fitted: Asked,
  arrays: Record<Split, { features: Float32Array; table: Table<Float32Array> }>,
  { criteria, degenerate }: Pick<ClusteringResult, "criteria" | "degenerate">,
  examined: Examined,
): Report => {
  const split = reportedSplit(arrays);
  const train = askAll(fitted, arrays.train.table);
  const asked = split === "train" ? train : askAll(fitted, arrays[split].table);
  return reportClusters({
    task: task.type === "density_estimation" ? "density_estimation" : "clustering",
    split,
    ...asked,
    trainAssignments: train.assignments,
    weights: fitted.model.tensors.find(({ name }) => name === "weights")?.values ?? null,
    criteria,
    examined,
    notes: degenerate ? [{ code: "degenerate_component", message: degenerateMessage(asked.k) }] : [],
  });
};
