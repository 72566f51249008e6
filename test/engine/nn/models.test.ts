import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelSpec } from "../../../src/domain/jobs/spec/model-spec.ts";
import { createGraph } from "../../../src/engine/graph/graph.ts";
import { ModelShapeError } from "../../../src/engine/nn/errors.ts";
import { traceOf } from "../../../src/engine/nn/models.ts";
import { createScope, type Scope } from "../../../src/engine/nn/scope.ts";
import { sizeOf } from "../../../src/engine/tensor/shape.ts";
import { checkGradient, spread, weighted } from "../graph/check-gradient.ts";
import { inDouble, type LeafData } from "../graph/in-double.ts";

/** Traces a model on random rows; parameters get random values. */
const traced = (
  input: unknown,
  inputs: number,
  outputs: number,
  rows: number,
  training = true,
  seed = 1,
  frozen: readonly string[] = [],
) => {
  const graph = createGraph();
  const scope: Scope = createScope(graph, training, (layer) => frozen.includes(layer));
  const x = graph.leaf("x", [rows, inputs]);
  const output = traceOf(ModelSpec.parse(input))(scope, x, outputs);
  const declared = [...scope.declarations.values()];
  const leaves: LeafData[] = [
    { value: x, data: spread(rows * inputs, -2, 2, seed) },
    { value: scope.random, data: [1, 2, 3, 4] },
    ...declared.map(({ name, shape, kind }, index) => ({
      value: graph.leaf(name, shape),
      data: spread(sizeOf(shape), kind === "statistic" ? 0.5 : -1, kind === "statistic" ? 2 : 1, seed + index + 5),
    })),
  ];
  const parameters = declared
    .filter(({ kind }) => kind === "parameter")
    .map(({ name, shape }) => graph.leaf(name, shape));
  // Running averages move as a side effect of each run: a difference quotient must not see that.
  graph.effects.length = 0;
  return { scope, output, leaves, parameters, names: declared.map(({ name }) => name) };
};

const activation = fc.constantFrom("identity", "sigmoid", "tanh", "leaky_relu", "gelu", "silu", "softmax");
const batchNorm = fc.oneof(fc.boolean(), fc.constantFrom({ position: "before" }, { position: "after", epsilon: 1e-3 }));
const perceptron = fc.record({
  type: fc.constant("mlp"),
  hidden: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
  activation,
  batchNorm,
  dropout: fc.constantFrom(0, 0.4),
});
const layer = fc.oneof(
  fc.record({
    type: fc.constant("conv2d"),
    filters: fc.constantFrom(2, 4),
    kernel: fc.constantFrom(1, 2, 3),
    stride: fc.constantFrom(1, 2),
    padding: fc.constantFrom("same", 2),
    dilation: fc.constantFrom(1, 2),
    groups: fc.constantFrom(1, 2),
    activation,
    batchNorm,
  }),
  fc.record({
    type: fc.constantFrom("max_pool", "average_pool"),
    size: fc.constantFrom(1, 2),
    stride: fc.constant(1),
    padding: fc.constantFrom(0),
  }),
  fc.record({ type: fc.constant("dropout"), rate: fc.constantFrom(0, 0.3) }),
  fc.constant({ type: "residual", layers: [{ type: "conv2d", filters: 2, padding: "same", activation: "tanh" }] }),
  fc.constant({
    type: "concat",
    branches: [
      [{ type: "conv2d", filters: 1, kernel: 1, activation: "silu" }],
      [],
      [{ type: "conv2d", filters: 1, padding: "same" }],
    ],
  }),
);
const convolutional = fc.record({
  type: fc.constant("cnn"),
  input: fc.constant({ height: 5, width: 4, channels: 2 }),
  layers: fc.array(layer, { minLength: 1, maxLength: 3 }),
});

const agrees = (spec: unknown, inputs: number, rows: number): void => {
  const { output, leaves, parameters } = traced(spec, inputs, 2, rows);
  checkGradient(weighted(output, 3), leaves, parameters, 1e-5);
};

describe("the gradient of every parameter agrees with central differences", () => {
  it("in perceptrons of random layers", () => {
    fc.assert(
      fc.property(perceptron, fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 4 }), (spec, rows, inputs) =>
        agrees(spec, inputs, rows),
      ),
      { numRuns: 40 },
    );
  });

  it("in convolutional networks of random layers", () => {
    fc.assert(
      fc.property(convolutional, (spec) => {
        try {
          agrees(spec, 40, 2);
        } catch (error) {
          // Drawn layers need not fit each other: that is said, not computed.
          if (!(error instanceof ModelShapeError)) throw error;
        }
      }),
      { numRuns: 30 },
    );
  });

  it("in an autoencoder and in the linear models", () => {
    agrees({ type: "autoencoder", encoder: [4, 2], activation: "tanh", batchNorm: true }, 3, 3);
    for (const type of ["linear", "logistic", "softmax", "poisson"]) agrees({ type }, 3, 2);
  });
});

describe("a frozen layer", () => {
  const model = { type: "mlp", hidden: [4, 3], batchNorm: true, activation: "tanh" };
  const outputOf = (training: boolean, frozen: readonly string[]): number[] => {
    const { output, leaves } = traced(model, 3, 2, 5, training, 1, frozen);
    return inDouble([output], leaves)()[0]!;
  };

  it("normalises by its running averages in training too, and leaves them alone", () => {
    expect(outputOf(true, ["hidden.0", "hidden.1"])).toEqual(outputOf(false, []));
    expect(outputOf(true, ["hidden.0"])).not.toEqual(outputOf(false, []));
    expect(outputOf(true, ["hidden.0"])).not.toEqual(outputOf(true, []));
    const graph = createGraph();
    const scope = createScope(graph, true, (layer) => layer === "hidden.0");
    traceOf(ModelSpec.parse(model))(scope, graph.leaf("x", [5, 3]), 2);
    // Two running averages move in each layer that learns.
    expect(graph.effects.length).toBe(2);
  });
});

describe("a model", () => {
  it("names its tensors by layer and part", () => {
    const norm = ["weight", "bias", "norm.gamma", "norm.beta", "norm.runningMean", "norm.runningVariance"];
    expect(traced({ type: "mlp", hidden: [3], batchNorm: true }, 2, 2, 4).names).toEqual([
      ...norm.map((part) => `hidden.0.${part}`),
      "output.weight",
      "output.bias",
    ]);
    expect(
      traced({ type: "autoencoder", encoder: [3, 1] }, 4, 4, 2).names.filter((name) => name.endsWith("weight")),
    ).toEqual(["encoder.0.weight", "encoder.1.weight", "decoder.0.weight", "output.weight"]);
  });

  it("does not normalise a batch of one value: every output would be the same", () => {
    const rows = (spec: unknown, inputs: number, count: number) => () => traced(spec, inputs, 2, count);
    const perceptron = { type: "mlp", hidden: [3], batchNorm: true };
    expect(rows(perceptron, 4, 1)).toThrow(/batchSize of 2 at least/);
    expect(rows(perceptron, 4, 2)).not.toThrow();
    const image = { type: "cnn", layers: [{ type: "conv2d", filters: 4, padding: "same", batchNorm: true }] };
    // An image of nine pixels has nine values for each filter.
    expect(rows(image, 9, 1)).not.toThrow();
    expect(rows(image, 1, 1)).toThrow(/batchSize of 2 at least/);
  });

  it("says where its layers do not fit", () => {
    const pointerOf = (spec: unknown, inputs: number): string => {
      try {
        traced(spec, inputs, 2, 2);
      } catch (error) {
        if (error instanceof ModelShapeError) return error.pointer;
      }
      return "none";
    };
    const conv = { type: "conv2d", filters: 4 };
    expect(pointerOf({ type: "cnn", layers: [conv] }, 10)).toBe("/model/input");
    expect(pointerOf({ type: "cnn", layers: [{ ...conv, kernel: 9 }] }, 16)).toBe("/model/layers/0");
    expect(pointerOf({ type: "cnn", layers: [conv, { ...conv, groups: 3, padding: "same" }] }, 64)).toBe(
      "/model/layers/1/groups",
    );
    expect(pointerOf({ type: "cnn", layers: [{ type: "residual", layers: [conv] }] }, 64)).toBe("/model/layers/0");
    expect(pointerOf({ type: "cnn", layers: [{ type: "dense", units: 4 }, conv] }, 64)).toBe("/model/layers/1");
  });
});
