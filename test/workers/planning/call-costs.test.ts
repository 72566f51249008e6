import { describe, expect, it } from "vitest";
import { JobSpec, type ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";
import { levelsOf } from "../../../src/engine/kernels/native/library.ts";
import { readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import type { CallCosts } from "../../../workers/planning/call-costs.ts";
import { measureCosts } from "../../../workers/planning/measure-costs.ts";
import { planSpec } from "../../../workers/planning/plan-spec.ts";
import { mobilenet } from "../../formats/onnx/mobilenet.ts";

/** A clock on which whatever is timed takes `tickMs`. */
const clockOf = (tickMs: number): (() => number) => {
  let nowMs = 0;
  return () => (nowMs += tickMs);
};
const kernels = { module: await compileKernels(), native: null };
const costs = await measureCosts(kernels, clockOf(1));

const found = await findLibrary();
const path = "path" in found ? found.path : "";
const [level = null] = path === "" ? [] : ((await levelsOf(path)) ?? []);

/** Of costs that are proportions alone: a second for each FLOP of a convolution, nothing for all else. */
const onlyConvolutions: CallCosts = {
  timed: new Map(
    ["conv2d", "conv2dInputGrad", "conv2dWeightGrad", "depthwiseWeightGrad"].flatMap((kernel) =>
      ["of windows", "of pixels", "by channel"].map(
        (shape) => [`${kernel} ${shape}`, [{ work: 1, seconds: 1 }]] as const,
      ),
    ),
  ),
  ...{ bytesPerSecond: Number.POSITIVE_INFINITY, memoryBytesPerSecond: Number.POSITIVE_INFINITY, callSeconds: 0 },
  barrierSeconds: 0,
};

const { network } = readOnnxNetwork(mobilenet.onnx());
const shape = { trainRows: 24, validationRows: 0, testRows: 0, inputs: 224 * 224 * 3, outputs: 5 };
const specOf = (training: object = {}, base: object = {}, threads = 1) =>
  JobSpec.parse({
    ...{ dataset: "ds_00000000000000000000000000", task: { type: "classification", label: "y" } },
    ...{ model: { type: "network" }, loss: { type: "cross_entropy" }, optimizer: { type: "sgd", learningRate: 0.01 } },
    training: { epochs: 2, batchSize: 8, earlyStopping: false, l2: 0, penaltySearch: false, ...training },
    base: { model: "mdl_00000000000000000000000000", newHead: true, ...base },
    resources: { threads, memoryBytes: 3 * 1024 ** 3 },
  }) as ResolvedJobSpec;
const secondsOf = (spec: ResolvedJobSpec, of: CallCosts = costs): number =>
  planSpec(spec, shape, network, of).estimatedSeconds;

describe("a plan's seconds", () => {
  it("follow what this machine's kernels take", async () => {
    const slower = await measureCosts(kernels, clockOf(2));
    // What a step costs beside its kernels is no matter of theirs.
    expect(secondsOf(specOf(), slower) / secondsOf(specOf())).toBeCloseTo(2, 1);
  });

  it("are those of the convolutions' FLOPs, forwards and twice backwards, in each of the steps", () => {
    const flops = planSpec(specOf(), shape, network).flopsPerStep;
    const ratio = secondsOf(specOf(), onlyConvolutions) / (6 * flops);
    // Between the epochs and at the end is measured, too.
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.4);
  });

  it("are as many with parts of a batch, and far fewer with a trunk that is computed once", () => {
    const whole = secondsOf(specOf(), onlyConvolutions);
    expect(secondsOf(specOf({ microBatch: 2 }), onlyConvolutions) / whole).toBeCloseTo(1, 0);
    const frozen = secondsOf(specOf({ epochs: 20 }, { freeze: "all but the head" }), onlyConvolutions);
    expect(frozen).toBeLessThan(whole / 3);
  });

  it("are half with two threads, where the calls can be split", () => {
    const ratio = secondsOf(specOf({}, {}, 2), onlyConvolutions) / secondsOf(specOf(), onlyConvolutions);
    expect(ratio).toBeCloseTo(0.5, 1);
  });

  it("are those of as many threads as save time by what kernels and barriers take", () => {
    const table = { trainRows: 800, validationRows: 0, testRows: 0, inputs: 12, outputs: 3 };
    const planWith = (of: CallCosts) =>
      planSpec({ ...specOfTable, resources: { ...specOfTable.resources, threads: 4 } }, table, null, of);
    // On this clock a call takes a good part of a millisecond, whatever it does.
    const cheap = planWith({ ...costs, barrierSeconds: 0 });
    expect(cheap.threads).toBeGreaterThan(1);
    const dear = planWith({ ...costs, barrierSeconds: 1 });
    expect(dear.threads).toBe(1);
    expect(dear.warnings.join()).toContain("too small to gain from 4 threads");
    expect(cheap.estimatedSeconds).toBeLessThan(dear.estimatedSeconds);
  });

  it.skipIf(level === null)("go by what a barrier takes on this machine, where native kernels wait at it", async () => {
    const own = await measureCosts({ ...kernels, native: { path, level: level! } }, clockOf(1));
    // Left out where other work keeps the two from their processors.
    expect(own.barrierSeconds ?? 1e-6).toBeLessThanOrEqual(2e-6);
    expect(costs.barrierSeconds).toBeUndefined();
  });

  it("count the trials that choose a penalty, and what judges them", () => {
    const table = { trainRows: 800, trialRows: 640, validationRows: 0, testRows: 0, inputs: 12, outputs: 3 };
    const spec = (penaltySearch: object | false) =>
      ({
        ...specOf({ epochs: 4, batchSize: 32 }),
        model: { type: "mlp", hidden: [16], activation: "relu", initializer: "he", batchNorm: false, dropout: 0 },
        base: undefined,
        training: { ...specOf({ epochs: 4, batchSize: 32 }).training, l2: 1, penaltySearch },
      }) as unknown as ResolvedJobSpec;
    const plain = planSpec(spec(false), table, null, costs);
    const searched = planSpec(spec({ factors: [0.1, 1, 10], folds: 1 }), table, null, costs);
    expect(searched.searchSteps).toBeGreaterThan(0);
    expect(searched.estimatedSeconds / plain.estimatedSeconds).toBeGreaterThan(searched.searchSteps! / plain.steps);
  });

  it("grow with the rows, as what is gathered from many is no more than what is gathered from few", () => {
    const secondsOfRows = (trainRows: number): number =>
      planSpec(specOfTable, { trainRows, validationRows: 0, testRows: 0, inputs: 40, outputs: 3 }, null, costs)
        .estimatedSeconds;
    expect(secondsOfRows(3_200_000) / secondsOfRows(320_000)).toBeCloseTo(10, 0);
  });

  it("count reading a table and reporting on it", () => {
    const table = { trainRows: 800, validationRows: 0, testRows: 200, inputs: 12, outputs: 3 };
    const secondsOfCells = (cells: number): number =>
      planSpec(specOfTable, { ...table, cells }, null, { ...costs, cellSeconds: 1 }).estimatedSeconds;
    expect(secondsOfCells(26_000) - secondsOfCells(13_000)).toBeCloseTo(1.4 * 13_000, 3);
  });
});

const specOfTable = {
  ...specOf({ epochs: 2, batchSize: 32 }),
  model: { type: "mlp", hidden: [8], activation: "relu", initializer: "he", batchNorm: false, dropout: 0 },
  base: undefined,
} as unknown as ResolvedJobSpec;
