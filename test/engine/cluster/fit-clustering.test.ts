import { describe, expect, it } from "vitest";
import type { ClusteringCheckpoint } from "../../../src/engine/cluster/clustering-state.ts";
import {
  type ClusteringRequest,
  type ClusteringResult,
  fitClustering,
} from "../../../src/engine/cluster/fit-clustering.ts";
import type { ClusteringSpec } from "../../../src/engine/cluster/plan-clustering.ts";
import { planClustering } from "../../../src/engine/cluster/plan-clustering.ts";
import { completed, fitPoints, iris, prepare, toSpec } from "./iris.ts";

const specs: [string, ClusteringSpec][] = [
  ["k-means", toSpec({ type: "k_means", clusters: { from: 2, to: 4 }, restarts: 3 })],
  ...(["full", "tied", "diagonal", "spherical"] as const).map((covariance): [string, ClusteringSpec] => [
    `a mixture with ${covariance} covariance`,
    toSpec(
      { type: "gaussian_mixture", components: { from: 1, to: 3 }, covariance, regularization: 1e-6, restarts: 2 },
      { epochs: 25 },
    ),
  ]),
];

const bitsOf = (result: ClusteringResult): unknown => {
  const { tensors, metrics, steps } = completed(result);
  return {
    tensors: tensors.map(({ name, values }) => [name, [...new BigUint64Array(values.slice().buffer)]]),
    metrics,
    steps,
  };
};

/** Answers `wanted` at the given look, and "continue" at the others. */
const at = (look: number, wanted: ClusteringRequest) => {
  let looks = 0;
  return (): ClusteringRequest => (looks++ === look ? wanted : "continue");
};

describe.each(specs)("%s", (_name, spec) => {
  it("gives the same bits each time", () => {
    expect(bitsOf(fitPoints(spec, iris))).toEqual(bitsOf(fitPoints(spec, iris)));
  });

  it("gives the same bits when it is cut anywhere and resumed in a fresh memory", () => {
    const whole = fitPoints(spec, iris);
    for (let look = 0; look < whole.steps; look += 7) {
      let checkpoint: ClusteringCheckpoint | undefined;
      const onCheckpoint = (saved: ClusteringCheckpoint) => {
        checkpoint = { ...saved, state: JSON.parse(JSON.stringify(saved.state)) };
      };
      const cut = fitPoints(spec, iris, { request: at(look, "pause"), onCheckpoint });
      expect(cut).toEqual({ outcome: "paused", steps: look });
      expect(bitsOf(fitPoints(spec, iris, { resume: checkpoint! }))).toEqual(bitsOf(whole));
    }
  });

  it("is not disturbed by a checkpoint under way", () => {
    expect(bitsOf(fitPoints(spec, iris, { request: () => "checkpoint" }))).toEqual(bitsOf(fitPoints(spec, iris)));
  });
});

describe("a clustering job", () => {
  const [, spec] = specs[0]!;

  it("stops at the next iteration when cancelled, and writes nothing", () => {
    let checkpoints = 0;
    const result = fitPoints(spec, iris, { request: at(4, "cancel"), onCheckpoint: () => (checkpoints += 1) });
    expect(result).toEqual({ outcome: "cancelled", steps: 4 });
    expect(checkpoints).toBe(0);
  });

  it("reports progress that only rises, to one, and a point of every iteration", () => {
    const progress: number[] = [];
    const steps: number[] = [];
    const { steps: total } = completed(
      fitPoints(spec, iris, { onProgress: (share) => progress.push(share), onPoint: ({ step }) => steps.push(step) }),
    );
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
    expect(steps).toEqual(Array.from({ length: total }, (_, step) => step + 1));
  });

  it("measures the loss of validation and test rows", () => {
    const { plan, memory } = prepare(spec, iris, { validation: 20, test: 30 });
    const { metrics } = completed(fitClustering(plan, memory));
    expect(metrics.validationLoss).toBeGreaterThan(0);
    expect(metrics.testLoss).toBeGreaterThan(0);
  });

  it("is planned in whole pages that hold every array", () => {
    const plan = planClustering(spec, { trainRows: 5000, validationRows: 10, testRows: 10, inputs: 7 });
    expect(plan.memoryBytes % 65536).toBe(0);
    expect(plan.memoryBytes).toBeGreaterThan(5000 * 7 * 4 + (2048 * 2047 * 8) / 2);
    expect(plan).toMatchObject({ parameters: 28, threads: 1, stepsPerEpoch: 1, steps: 9 * 300 });
  });

  it("refuses more clusters than rows, and tries no more than there are", () => {
    const shape = { trainRows: 3, validationRows: 0, testRows: 0, inputs: 2 };
    const of = (clusters: number | { from: number; to: number }) =>
      planClustering(toSpec({ type: "k_means", clusters, restarts: 1 }), shape);
    expect(() => of(4)).toThrow("4 clusters need at least as many training rows; there are 3");
    expect(() => of({ from: 3, to: 2 })).toThrow("must be at least from (3)");
    expect(of({ from: 2, to: 9 })).toMatchObject({ task: { to: 3 }, warnings: [expect.stringContaining("up to 3")] });
  });
});
