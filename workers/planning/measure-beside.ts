import { assignRows } from "../../src/engine/cluster/k-means/lloyd.ts";
import { createGaussianMixture } from "../../src/engine/cluster/mixture/gaussian-mixture.ts";
import { planClustering } from "../../src/engine/cluster/plan-clustering.ts";
import { createWorkspace } from "../../src/engine/cluster/workspace.ts";
import { type ClusteringKernels, scratchDoubles } from "../../src/engine/kernels/clustering/clustering-kernels.ts";
import { permutation, seedWords } from "../../src/engine/kernels/philox.ts";
import { tableOf } from "../../src/engine/tensor/table.ts";
import { reportClassification } from "../../src/stats/classification-report.ts";
import { conformalSets } from "../../src/stats/conformal/conformal-report.ts";
import { heldOutCsv } from "../training/leading/held-out-csv.ts";

const usualRuns = 40;

/** Seconds of the fastest of so many runs: until the code is compiled, and others may use the processor. */
export const fastestRun = (run: () => void, nowMs: () => number, runs = usualRuns): number => {
  let least = Number.POSITIVE_INFINITY;
  for (let done = 0; done < runs; done++) {
    const startMs = nowMs();
    run();
    least = Math.min(least, nowMs() - startMs);
  }
  return least / 1000;
};

/** Numbers that look random, from 0 to 1. */
const numberAt = (i: number): number => ((i * 7919 + (i % 13) * 104_729) % 8191) / 8191;

const [clusteredRows, clusteredColumns, clusters] = [400, 24, 8];

/** Seconds that an operation on doubles takes: of a square of a distance there are three for each column. */
export const measureDistances = (kernels: ClusteringKernels, nowMs: () => number): number => {
  const points = tableOf(
    Float32Array.from({ length: clusteredRows * clusteredColumns }, (_, i) => numberAt(i)),
    clusteredColumns,
  );
  const centroids = Float64Array.from({ length: clusters * clusteredColumns }, (_, i) => numberAt(3 * i + 1));
  const work = {
    ...{ kernels, scratch: new Float64Array(scratchDoubles(clusters, clusteredColumns)) },
    ...{ assignments: new Int32Array(clusteredRows), distances: new Float64Array(clusteredRows) },
  };
  const seconds = fastestRun(() => assignRows(points, clusters, centroids, work), nowMs);
  return seconds / (3 * clusteredRows * clusteredColumns * clusters);
};

const [mixtureRows, iterations] = [1200, 12];

/** Seconds that an operation of an iteration of a mixture takes, of the form that has most of them. */
export const measureMixture = (kernels: ClusteringKernels, nowMs: () => number): number => {
  const components = 4;
  const plan = planClustering(
    {
      model: { type: "gaussian_mixture", components, covariance: "full", regularization: 0.1, restarts: 1 },
      training: { epochs: iterations, seed: 1 },
    },
    { trainRows: mixtureRows, validationRows: 0, testRows: 0, inputs: clusteredColumns },
  );
  const space = createWorkspace(plan, { buffer: new ArrayBuffer(plan.memoryBytes) }, kernels);
  for (let i = 0; i < mixtureRows * clusteredColumns; i++) space.points.train.values[i] = 4 * numberAt(i);
  const mixture = createGaussianMixture(plan.task, space, 0);
  mixture.begin(components, 0);
  const iterate = (): void => void mixture.iterate(components, Number.POSITIVE_INFINITY);
  return fastestRun(iterate, nowMs, iterations) / plan.flopsPerStep;
};

const drawnRows = 1000;

/** Seconds that a row takes which is put into a random order. */
export const measureDrawn = (nowMs: () => number): number =>
  fastestRun(() => permutation(drawnRows, { ...seedWords(1), purpose: 1, index: 0 }), nowMs) / drawnRows;

const reportedRows = 250;

/** Seconds that a row takes which a classification is reported on: its part in the report and its line among the answers. */
export const measureReported = (nowMs: () => number): number => {
  const classes = ["no", "yes"];
  const places = Int32Array.from({ length: reportedRows }, (_, row) => row);
  const truths = places.map((row) => (numberAt(5 * row) > 0.5 ? 1 : 0));
  const probabilities = Float64Array.from({ length: 2 * reportedRows }, (_, at) =>
    at % 2 === 0 ? numberAt(at) : 1 - numberAt(at - 1),
  );
  const answers = { split: "test", classes, probabilities, truths, trainCounts: [500, 500] } as const;
  const report = (): void => {
    reportClassification({ ...answers, distribution: "categorical", sampling: null, threshold: null });
    conformalSets(answers);
    for (const _ of heldOutCsv(
      { places, columns: { truths: Float64Array.from(truths), probabilities } },
      { type: "classes", column: "label", classes },
    ));
  };
  return fastestRun(report, nowMs) / reportedRows;
};
