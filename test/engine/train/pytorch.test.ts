import { describe, expect, it } from "vitest";
import type { LossSpec } from "../../../src/domain/jobs/spec/parts/loss-spec.ts";
import { createGraph } from "../../../src/engine/graph/graph.ts";
import { lossValue } from "../../../src/engine/nn/losses.ts";
import type { WeightTensor } from "../../../src/engine/train/fitting/memory.ts";
import { weightTensors } from "../../../src/engine/train/fitting/memory.ts";
import { createPredictor } from "../../../src/engine/train/predictor.ts";
import { spread } from "../graph/check-gradient.ts";
import { inDouble } from "../graph/in-double.ts";
import { compiled, runJob, specOf } from "./job.ts";
// Made by pytorch-fixtures.py with PyTorch 1.13.1 in float64.
import fixtures from "./pytorch-fixtures.json" with { type: "json" };

interface Trained {
  readonly losses: readonly number[];
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  readonly probabilities: readonly number[];
}

const close = (found: ArrayLike<number>, expected: readonly number[], tolerance: number, what: string): void => {
  expect(found.length, what).toBe(expected.length);
  expected.forEach((value, i) => {
    const error = Math.abs(found[i]! - value) / Math.max(1, Math.abs(value));
    expect(error, `${what}, element ${i}: ${found[i]} against ${value}`).toBeLessThan(tolerance);
  });
};

const floats = (count: number, low: number, high: number, seed: number): Float32Array =>
  Float32Array.from(spread(count, low, high, seed));

/** Repeats a job that PyTorch has done, from the same weights, in full batches, and compares losses, weights and predictions. */
const repeat = async (
  expected: Trained,
  spec: Parameters<typeof specOf>[0],
  features: Float32Array,
  rows: number,
  initial: Map<string, Float32Array>,
) => {
  const inputs = features.length / rows;
  const resolved = specOf({ ...spec, training: { epochs: expected.losses.length, batchSize: "full", shuffle: false } });
  const losses: number[] = [];
  const { plan, memory } = await runJob(
    resolved,
    { trainRows: rows, validationRows: 0, testRows: 0, inputs, outputs: 3 },
    {
      initial,
      onPoint: (point) => losses.push(point.trainLoss),
      fill: (views) => {
        views.train.features.set(features);
        views.train.labels?.set(Array.from({ length: rows }, (_, row) => row % 3));
      },
    },
  );
  close(losses, expected.losses, 2e-5, "loss");
  const weights: WeightTensor[] = weightTensors(plan, memory);
  expect(weights.map(({ name }) => name).sort()).toEqual(Object.keys(expected.tensors).sort());
  for (const { name, data } of weights) close(data, expected.tensors[name]!, 5e-5, name);
  const predictor = await createPredictor(
    resolved,
    { inputs, outputs: 3 },
    new Map(weights.map(({ name, data }) => [name, data])),
    await compiled,
  );
  close(predictor.predict(features), expected.probabilities, 1e-4, "probabilities");
};

describe("a job agrees with PyTorch in losses, weights, running averages and predictions:", () => {
  for (const position of ["before", "after"] as const) {
    const optimizer =
      position === "before" ? { type: "momentum", learningRate: 0.1 } : { type: "adam", learningRate: 0.02 };
    it(`a perceptron with batch normalisation ${position} the activation, by ${optimizer.type}`, async () => {
      const model = { type: "mlp", hidden: [7], activation: "tanh", initializer: "zeros", batchNorm: { position } };
      const initial = new Map([
        ["hidden.0.weight", floats(35, -0.6, 0.6, 2)],
        ["output.weight", floats(21, -0.6, 0.6, 3)],
      ]);
      const expected = position === "before" ? fixtures.perceptronBefore : fixtures.perceptronAfter;
      await repeat(expected, { model, optimizer }, floats(60, -2, 2, 1), 12, initial);
    });
  }

  it("a convolutional network with groups, dilation, a residual block, both poolings and batch normalisation, by momentum", async () => {
    const model = {
      type: "cnn",
      input: { height: 8, width: 8, channels: 2 },
      initializer: "zeros",
      layers: [
        { type: "conv2d", filters: 4, padding: "same", batchNorm: true },
        { type: "conv2d", filters: 6, padding: 2, dilation: 2, groups: 2, activation: "gelu" },
        { type: "max_pool", size: 2 },
        { type: "residual", layers: [{ type: "conv2d", filters: 6, padding: 1, activation: "sigmoid" }] },
        { type: "average_pool", size: 2 },
        { type: "dense", units: 5, activation: "silu" },
      ],
    };
    const initial = new Map([
      ["layers.0.weight", floats(72, -0.4, 0.4, 12)],
      ["layers.1.weight", floats(108, -0.4, 0.4, 13)],
      ["layers.3.layers.0.weight", floats(324, -0.4, 0.4, 14)],
      ["layers.5.weight", floats(120, -0.4, 0.4, 15)],
      ["output.weight", floats(15, -0.4, 0.4, 16)],
    ]);
    const optimizer = { type: "momentum", learningRate: 0.05, momentum: 0.9 };
    await repeat(fixtures.convolutional, { model, optimizer }, floats(768, -2, 2, 11), 6, initial);
  });
});

describe("a loss agrees with PyTorch:", () => {
  const graph = createGraph();
  const x = { value: graph.leaf("x", [6, 3]), data: spread(18, -2, 2, 21) };
  const pairs = { value: graph.leaf("pairs", [6, 6]), data: [] as number[] };
  const p = spread(18, 0, 1, 23);
  pairs.data.push(
    ...Array.from({ length: 36 }, (_, i) =>
      i % 6 < 3 ? x.data[Math.floor(i / 6) * 3 + (i % 6)]! : p[Math.floor(i / 6) * 3 + (i % 6) - 3]!,
    ),
  );
  const labels = { value: graph.leaf("labels", [6], "i32"), data: [0, 1, 2, 0, 1, 2] };
  const targets = (name: string, data: number[]) => ({ value: graph.leaf(name, [6, 3]), data });
  const real = targets("real", spread(18, -2, 2, 22));
  const cases: readonly (readonly [keyof typeof fixtures.losses, LossSpec, typeof x, typeof x])[] = [
    ["mean_squared_error", { type: "mean_squared_error" }, x, real],
    ["mean_absolute_error", { type: "mean_absolute_error" }, x, real],
    ["huber", { type: "huber", delta: 0.7 }, x, real],
    ["cross_entropy", { type: "cross_entropy", labelSmoothing: 0 }, x, labels],
    ["cross_entropy_smoothed", { type: "cross_entropy", labelSmoothing: 0.1 }, x, labels],
    ["binary_cross_entropy", { type: "binary_cross_entropy", labelSmoothing: 0 }, x, targets("shares", p)],
    ["poisson_nll", { type: "poisson_nll" }, x, targets("counts", spread(18, 0, 5, 24).map(Math.floor))],
    ["gaussian_nll", { type: "gaussian_nll" }, pairs, real],
  ];
  for (const [name, spec, output, label] of cases) {
    it(name, () => {
      const loss = lossValue(spec, output.value, { labels: label.value });
      const [found] = inDouble([loss], [output, label])()[0]!;
      expect(found).toBeCloseTo(fixtures.losses[name], 12);
    });
  }
});
