import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradients } from "../../../src/engine/graph/gradients.ts";
import { createGraph } from "../../../src/engine/graph/graph.ts";
import { op } from "../../../src/engine/graph/op.ts";
import { add, mul } from "../../../src/engine/graph/ops/elementwise.ts";
import { squaredError } from "../../../src/engine/graph/ops/loss.ts";
import { matmul } from "../../../src/engine/graph/ops/matrix.ts";
import { type PlanCall, plan } from "../../../src/engine/graph/plan.ts";
import { compileKernels, instantiateKernels } from "../../../src/engine/kernels/load.ts";
import { bindPlan } from "../../../src/engine/parallel/bind.ts";
import { partOf } from "../../../src/engine/parallel/partition.ts";
import { sizeOf } from "../../../src/engine/tensor/shape.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import { specOf } from "../train/job.ts";
import { checkGradient, spread, weighted } from "./check-gradient.ts";
import { inDouble } from "./in-double.ts";

const meet = (a: PlanCall["reads"], b: PlanCall["reads"]): boolean =>
  a.some((x) => b.some((y) => x.start < y.end && y.start < x.end));

/** Calls between two barriers may run in any order on any thread: none may touch what another one writes. */
const expectIndependent = (calls: readonly PlanCall[]): void => {
  let group: PlanCall[] = [];
  for (const call of calls) {
    if (call.barrier) group = [];
    for (const other of group) {
      expect(meet(call.writes, other.writes) || meet(call.reads, other.writes) || meet(call.writes, other.reads)).toBe(
        false,
      );
    }
    group.push(call);
  }
};

describe("a plan", () => {
  const shape = { trainRows: 50, validationRows: 10, testRows: 10, inputs: 16, outputs: 3 };
  const models = [
    { type: "mlp", hidden: [8, 8, 8], batchNorm: true, dropout: 0.1 },
    { type: "cnn", layers: [{ type: "conv2d", filters: 4, padding: "same", batchNorm: true }, { type: "max_pool" }] },
  ];

  it("has a barrier between any two calls that need each other", () => {
    for (const model of models)
      for (const { calls } of planTraining(specOf({ model }), shape).programs) expectIndependent(calls);
  });

  it("is a plain value, stays within its memory, and is made in milliseconds", () => {
    for (const model of models) {
      const started = performance.now();
      const made = planTraining(specOf({ model }), shape);
      expect(performance.now() - started).toBeLessThan(500);
      expect(structuredClone(made)).toEqual(made);
      expect(made.memoryBytes % 65536).toBe(0);
      const ends = made.programs.flatMap(({ calls }) =>
        calls.flatMap(({ reads, writes }) => [...reads, ...writes].map(({ end }) => end)),
      );
      expect(Math.max(...ends)).toBeLessThanOrEqual(made.memoryBytes);
    }
  });

  it("counts parameters and FLOPs", () => {
    const made = planTraining(specOf({ model: { type: "mlp", hidden: [8] } }), shape);
    expect(made.parameters).toBe(16 * 8 + 8 + 8 * 3 + 3);
    // Three products in each layer but the first, which needs no gradient of its input.
    expect(made.flopsPerStep).toBeGreaterThan(2 * 16 * (2 * 16 * 8 + 3 * 8 * 3));
  });

  it("cuts an epoch into full batches and a shorter last one; a single last row joins the batch before", () => {
    const cut = (trainRows: number, batchSize: number) => {
      const { stepsPerEpoch, batchRows, lastBatchRows } = planTraining(
        specOf({ model: { type: "softmax" }, training: { batchSize } }),
        { ...shape, trainRows },
      );
      return [stepsPerEpoch, batchRows, lastBatchRows];
    };
    expect(cut(64, 16)).toEqual([4, 16, 16]);
    expect(cut(70, 16)).toEqual([5, 16, 6]);
    expect(cut(65, 16)).toEqual([4, 16, 17]);
    expect(cut(5, 16)).toEqual([1, 5, 5]);
  });

  it("computes only what its results need", () => {
    const graph = createGraph();
    const [a, b] = [graph.leaf("a", [4]), graph.leaf("b", [4])];
    const wanted = add({ a, b }, {}).out;
    mul({ a, b }, {});
    const made = plan({
      graph,
      results: [{ value: wanted, offset: 64 }],
      placeOf: () => 128,
      arenaOffset: 256,
      floatBytes: 4,
    });
    expect(made.calls.map(({ kernel }) => kernel)).toEqual(["add"]);
  });

  it("splits every call's units among the threads without gap or overlap", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 9 }),
        (units, grain, threads) => {
          let next = 0;
          for (let thread = 0; thread < threads; thread++) {
            const { start, end } = partOf(units, grain, thread, threads);
            expect(start).toBe(next);
            next = Math.max(start, end);
          }
          expect(next).toBe(units);
        },
      ),
    );
  });
});

describe("adding an op", () => {
  /** out = a³; da³ = 3a²·da. One value, and it takes part in plans and gradients. */
  const cube = op("cube", {
    inputs: ["a"],
    shape: ({ a }) => ({ out: a }),
    forward: (emit, { a, out }, _attributes, types) => {
      const count = sizeOf(types.a.shape);
      const squares = emit.scratchFloats(count);
      emit.k.square(squares, a, count);
      emit.k.mul(out, squares, a, count);
    },
    vjp: (g, { a }) => ({
      a: mul({ a: g, b: mul({ a: mul({ a, b: a }, {}).out, b: a.graph.constant([3], []) }, {}).out }, {}).out,
    }),
    cost: ({ a }) => 2 * sizeOf(a.shape),
  });

  it("takes one declaration: it plans and differentiates with every other op", () => {
    const graph = createGraph();
    const a = { value: graph.leaf("a", [2, 3]), data: spread(6, -1, 1, 1) };
    const b = { value: graph.leaf("b", [3, 2]), data: spread(6, -1, 1, 2) };
    const out = cube({ a: matmul({ a: a.value, b: b.value }, { transposeA: false, transposeB: false }).out }, {}).out;
    checkGradient(weighted(out, 1), [a, b], [a.value, b.value]);
    const first = a.data[0]! * b.data[0]! + a.data[1]! * b.data[2]! + a.data[2]! * b.data[4]!;
    expect(inDouble([out], [a, b])()[0]![0]).toBeCloseTo(first ** 3, 12);
  });

  it("trains on the real kernels with it: y = (x·w)³ finds the w that made the labels", async () => {
    const places = { x: 64, w: 256, targets: 320, scale: 512, hyper: 520, loss: 560, slope: 576 };
    const graph = createGraph();
    const [x, w, targets] = [graph.leaf("x", [8, 2]), graph.leaf("w", [2, 1]), graph.leaf("targets", [8, 1])];
    const predictor = matmul({ a: x, b: w }, { transposeA: false, transposeB: false }).out;
    const scale = graph.leaf("scale", [], "f64");
    const loss = squaredError(
      { x: cube({ a: predictor }, {}).out, targets, scale, rowWeights: null },
      { factor: 1 / 8 },
    ).out;
    const [slope] = gradients(loss, [w]);
    const constants = new Map([...graph.constants.keys()].map((name, index) => [name, 640 + 16 * index]));
    const program = plan({
      graph,
      results: [
        { value: loss, offset: places.loss },
        { value: slope!, offset: places.slope },
      ],
      placeOf: (leaf) => places[leaf as keyof typeof places] ?? constants.get(leaf)!,
      arenaOffset: 1024,
      floatBytes: 4,
      tail: (emit) =>
        emit.k.sgd(emit.at(places.w, 8), emit.at(places.slope, 8), emit.at(places.hyper, 8), 0, 0, 0, 0, 2),
    });
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared: true });
    const floats = (offset: number, count: number) => new Float32Array(memory.buffer, offset, count);
    const inputs = spread(16, -1, 1, 5);
    floats(places.x, 16).set(inputs);
    floats(places.targets, 8).set(
      Array.from({ length: 8 }, (_, i) => (0.9 * inputs[2 * i]! - 0.6 * inputs[2 * i + 1]!) ** 3),
    );
    floats(places.w, 2).set([0.5, 0.5]);
    new Float64Array(memory.buffer, places.scale, 1)[0] = 1 / 8;
    new Float64Array(memory.buffer, places.hyper, 1)[0] = 0.3;
    for (const [name, offset] of constants) floats(offset, 1).set(graph.constants.get(name)!.values);
    const kernels = instantiateKernels(await compileKernels(), memory);
    const step = bindPlan(
      program,
      { wasm: kernels, native: null },
      { thread: 0, threads: 1, scratchOffset: 131072, wait: () => {}, syncOffset: 0 },
    );
    for (let i = 0; i < 3000; i++) step();
    expect(floats(places.loss, 1)[0]).toBeLessThan(1e-9);
    expect(floats(places.w, 2)[0]).toBeCloseTo(0.9, 3);
    expect(floats(places.w, 2)[1]).toBeCloseTo(-0.6, 3);
  });

  it("does not compile without the gradient of an input, or without a shape rule", () => {
    const whole = { inputs: ["a", "b"], forward: () => {}, cost: () => 0 } as const;
    // @ts-expect-error The gradient of b is missing.
    op("half", { ...whole, shape: ({ a }) => ({ out: a }), vjp: (g) => ({ a: g }) });
    // @ts-expect-error There is no shape rule.
    op("shapeless", { ...whole, vjp: (g) => ({ a: g, b: g }) });
    // @ts-expect-error There is no gradient.
    op("flat", { ...whole, shape: ({ a }) => ({ out: a }) });
  });
});
