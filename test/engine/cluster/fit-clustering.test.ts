import { describe, expect, it } from "vitest";
import { controls } from "../../../src/engine/cluster/clustering.ts";
import type { ClusteringState } from "../../../src/engine/cluster/clustering-state.ts";
import { fitClustering } from "../../../src/engine/cluster/fit-clustering.ts";
import { type ClusteringSpec, planClustering } from "../../../src/engine/cluster/plan-clustering.ts";
import { blobs, fitPoints, inBlocks, iris, prepare, resultBits, stopAfter, toSpec, undisturbed } from "./iris.ts";

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

/** What a checkpoint file does to it. */
const throughFile = (state: ClusteringState): ClusteringState => ({
  ...state,
  meta: JSON.parse(JSON.stringify(state.meta)),
});

describe.each(specs)("%s", (_name, spec) => {
  it("gives the same bits each time", async () => {
    expect(resultBits(await fitPoints(spec, iris))).toEqual(resultBits(await fitPoints(spec, iris)));
  });

  it("gives the same bits when it is cut anywhere and resumed in a fresh memory", async () => {
    const whole = await fitPoints(spec, iris);
    for (let iterations = 0; iterations < whole.state.meta.step; iterations += 7) {
      const cut = await fitPoints(spec, iris, stopAfter(iterations, controls.pause));
      expect(cut).toMatchObject({ outcome: "paused", state: { meta: { step: iterations } } });
      const resumed = await fitPoints(spec, iris, { resume: throughFile(cut.state) });
      expect(resultBits(resumed)).toEqual(resultBits(whole));
    }
  });

  it("is not disturbed by checkpoints under way, and goes on from any of them", async () => {
    const whole = await fitPoints(spec, iris);
    const states: ClusteringState[] = [];
    const onCheckpoint = async (state: ClusteringState) => void states.push(throughFile(state));
    const watched = await fitPoints(spec, iris, { checkpointEveryMs: 0, onCheckpoint });
    expect(resultBits(watched)).toEqual(resultBits(whole));
    expect(states.length).toBe(whole.state.meta.step - 1);
    expect(resultBits(await fitPoints(spec, iris, { resume: states[3]! }))).toEqual(resultBits(whole));
  });
});

describe("a clustering job", () => {
  const [, spec] = specs[0]!;

  it.each([
    ["cancelled", controls.cancel],
    ["handed_back", controls.handBack],
  ])("stops after the running iteration when it is %s", async (outcome, word) => {
    const result = await fitPoints(spec, iris, stopAfter(4, word));
    expect(result).toMatchObject({ outcome, tensors: [], state: { meta: { step: 4 } } });
  });

  it("reports progress that only rises, to one, and a point of every iteration", async () => {
    const progress: number[] = [];
    const steps: number[] = [];
    const { state } = await fitPoints(spec, iris, {
      onProgress: (share) => void progress.push(share),
      onPoint: ({ step }) => void steps.push(step),
    });
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
    expect(steps).toEqual(Array.from({ length: state.meta.step }, (_, step) => step + 1));
  });

  it("measures the loss of validation and test rows", async () => {
    const { plan, memory } = prepare(spec, iris, { validation: 20, test: 30 });
    const { metrics } = await fitClustering(plan, memory, undisturbed());
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

describe("a mixture whose responsibilities do not fit", () => {
  const points = blobs(
    [
      [0, 0, 0],
      [2, 1, 0],
      [0, 2, 3],
    ],
    3000,
    1,
  );

  it.each(["full", "tied", "diagonal", "spherical"] as const)(
    "computes those of some rows at a time, to the same bits (%s)",
    async (covariance) => {
      const spec = toSpec(
        { type: "gaussian_mixture", components: { from: 2, to: 3 }, covariance, regularization: 1e-6, restarts: 1 },
        { epochs: 3 },
      );
      const heldOut = { validation: 10, test: 20 };
      const roomy = prepare(spec, points, heldOut);
      const tight = { ...spec, resources: { memoryBytes: roomy.plan.memoryBytes - 1 } };
      const { plan, memory } = prepare(tight, points, heldOut);
      expect(plan.memoryBytes).toBeLessThan(roomy.plan.memoryBytes);
      expect(plan.warnings).toContainEqual(expect.stringContaining("some rows at a time"));
      const whole = resultBits(await fitClustering(roomy.plan, roomy.memory, undisturbed()));
      expect(resultBits(await fitClustering(plan, memory, undisturbed()))).toEqual(whole);
      const tables = inBlocks(plan, memory.buffer, 5000);
      const cut = await fitClustering(
        plan,
        { ...memory, tables },
        { ...undisturbed(), ...stopAfter(3, controls.pause) },
      );
      const resumed = await fitClustering(plan, { ...memory, tables }, { ...undisturbed(), resume: cut.state });
      expect(resultBits(resumed)).toEqual(whole);
    },
  );
});
