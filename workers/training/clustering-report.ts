import { reportedSplit, type Split } from "../../src/data/splits/split.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Report } from "../../src/domain/models/report.ts";
import type { ClusteringResult } from "../../src/engine/cluster/clustering.ts";
import { degenerateMessage } from "../../src/engine/cluster/fit-progress.ts";
import { type ClusterModel, createClusterPredictor } from "../../src/engine/cluster/predict-clusters.ts";
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

const askAll = (model: ClusterModel, values: Float32Array, inputs: number): ClusterRows => {
  const predict = createClusterPredictor(model);
  const rows = values.length / inputs;
  const assignments = new Int32Array(rows);
  const numbers = new Float64Array(rows);
  let k = 0;
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const part = values.subarray(first * inputs, Math.min(rows, first + rowsAtOnce) * inputs);
    const answers = predict({ values: part, rows: part.length / inputs, columns: inputs });
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
  model: ClusterModel,
  { inputs, arrays }: { inputs: number; arrays: Record<Split, { features: Float32Array }> },
  { criteria, degenerate }: Pick<ClusteringResult, "criteria" | "degenerate">,
  examined: Examined,
): Report => {
  const split = reportedSplit(arrays);
  const train = askAll(model, arrays.train.features, inputs);
  const asked = split === "train" ? train : askAll(model, arrays[split].features, inputs);
  return reportClusters({
    task: task.type === "density_estimation" ? "density_estimation" : "clustering",
    split,
    ...asked,
    trainAssignments: train.assignments,
    weights: model.tensors.find(({ name }) => name === "weights")?.values ?? null,
    criteria,
    examined,
    notes: degenerate ? [{ code: "degenerate_component", message: degenerateMessage(asked.k) }] : [],
  });
};
