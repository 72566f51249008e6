import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGraph, type Graph, type Value } from "../../../src/engine/graph/graph.ts";
import { gradientOps, type OpName, ops } from "../../../src/engine/graph/ops.ts";
import { type ConvGeometry, convOutputSize } from "../../../src/engine/kernels/families/convolution.ts";
import type { PoolGeometry } from "../../../src/engine/kernels/families/pooling.ts";
import { type Shape, sizeOf } from "../../../src/engine/tensor/shape.ts";
import { checkGradient, spread, weighted } from "./check-gradient.ts";
import type { LeafData } from "./in-double.ts";

/** A graph under construction, with the data of its leaves and the leaves to differentiate by. */
const createCase = (seed: number) => {
  const graph: Graph = createGraph();
  const leaves: LeafData[] = [];
  const wanted: Value[] = [];
  const leaf = (shape: Shape, low: number, high: number, learnt: boolean, dtype: Value["dtype"] = "float"): Value => {
    const value = graph.leaf(`leaf${leaves.length}`, shape, dtype);
    const numbers = spread(sizeOf(shape), low, high, seed + leaves.length * 31);
    leaves.push({ value, data: dtype === "i32" || dtype === "u32" ? numbers.map(Math.floor) : numbers });
    if (learnt) wanted.push(value);
    return value;
  };
  return {
    graph,
    leaves,
    wanted,
    floats: (shape: Shape, low = -2, high = 2) => leaf(shape, low, high, true),
    fixed: (shape: Shape, low = -2, high = 2) => leaf(shape, low, high, false),
    integers: (shape: Shape, below: number) => leaf(shape, 0, below, false, "i32"),
    state: () => leaf([4], 0, 4e9, false, "u32"),
    scale: (factor: number) => graph.constant([factor], [], "f64"),
  };
};
type Case = ReturnType<typeof createCase>;

/** Small sizes; 1 and odd ones included. */
interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly choice: number;
}

/** Broadcast partners of [rows, columns]: the same shape, a row, a column, a scalar. */
const partner = ({ rows, columns, choice }: Sizes): Shape => [[rows, columns], [columns], [rows, 1], []][choice % 4]!;
const activations = [
  ...(["relu", "leakyRelu", "sigmoid", "tanh", "gelu", "silu", "softplus"] as const),
  ...(["hardSigmoid", "hardSwish", "erf", "cosTurns"] as const),
];
const epilogues = ["identity", "relu", "leakyRelu", "sigmoid", "tanh"] as const;

const convGeometry = ({ rows, columns, depth, choice }: Sizes): ConvGeometry => {
  const groups = choice % 2 === 0 ? 1 : 2;
  const [height, width, kernel] = [rows + 3, columns + 3, 1 + (choice % 3)];
  const [stride, dilation, pad] = [1 + (depth % 2), 1 + (choice % 2), choice % 2];
  const out = (size: number): number => convOutputSize(size, kernel, stride, 2 * pad, dilation);
  return {
    batch: 1 + (choice % 2),
    height,
    width,
    channels: groups * depth,
    outHeight: out(height),
    outWidth: out(width),
    outChannels: groups * 3,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: stride,
    strideWidth: stride,
    padTop: pad,
    padLeft: pad,
    dilationHeight: dilation,
    dilationWidth: dilation,
    groups,
  };
};
const weightShape = (g: ConvGeometry): Shape => [
  g.groups,
  g.kernelHeight,
  g.kernelWidth,
  g.channels / g.groups,
  g.outChannels / g.groups,
];

const poolGeometry = ({ rows, columns, depth, choice }: Sizes): PoolGeometry => {
  const [height, width, stride, pad] = [rows + 2, columns + 2, 1 + (choice % 2), choice % 2];
  const out = (size: number): number => convOutputSize(size, 2, stride, 2 * pad, 1);
  return {
    batch: 2,
    height,
    width,
    channels: depth,
    outHeight: out(height),
    outWidth: out(width),
    kernelHeight: 2,
    kernelWidth: 2,
    strideHeight: stride,
    strideWidth: stride,
    padTop: pad,
    padLeft: pad,
  };
};
const image = (g: PoolGeometry): Shape => [g.batch, g.height, g.width, g.channels];
const norm = (choice: number) => ({ epsilon: 1e-3, activation: epilogues[choice % epilogues.length]!, slope: 0.1 });

type Regression = "squaredError" | "absoluteError" | "poisson";
const regression =
  (name: Regression) =>
  (c: Case, { rows, columns, choice }: Sizes): Value => {
    const factor = 1 / rows;
    return ops[name](
      {
        ...{ x: c.floats([rows, columns]), targets: c.fixed([rows, columns], 3, 5), scale: c.scale(factor) },
        rowWeights: choice % 2 === 0 ? c.fixed([rows], 0, 2) : null,
      },
      { factor },
    ).out;
  };
const unary =
  (name: "neg" | "square" | "exp" | "abs" | "sign" | "sqrt" | "log") =>
  (c: Case, { rows, columns }: Sizes): Value =>
    ops[name]({ x: c.floats([rows, columns], 0.3, 2) }, {}).out;
const binary =
  (name: "add" | "sub" | "mul" | "div") =>
  (c: Case, s: Sizes): Value => {
    const [a, b] = [c.floats([s.rows, s.columns]), c.floats(partner(s), 0.5, 2)];
    return ops[name]({ a, b }, {}).out;
  };

/** One case for each op: an op without one does not compile. `null` where there is nothing to differentiate. */
const cases: { readonly [N in OpName]: ((c: Case, sizes: Sizes) => Value) | null } = {
  abs: unary("abs"),
  absoluteError: regression("absoluteError"),
  activation: (c, { rows, columns, choice }) =>
    ops.activation({ x: c.floats([rows, columns]) }, { kind: activations[choice % activations.length]!, slope: 0.1 })
      .out,
  add: binary("add"),
  averagePool: (c, s) => {
    const geometry = poolGeometry(s);
    return ops.averagePool({ x: c.floats(image(geometry)) }, { geometry, countPadding: s.choice % 2 === 0 }).out;
  },
  batchNorm: (c, { rows, columns, choice }) =>
    ops.batchNorm(
      { x: c.floats([rows + 1, columns]), gamma: c.floats([columns]), beta: c.floats([columns]) },
      norm(choice),
    ).out,
  batchedMatmul: (c, { rows, columns, depth, choice }) => {
    const [transposeA, transposeB] = [choice % 2 === 1, choice % 4 > 1];
    const a = c.floats([2, ...(transposeA ? [depth, rows] : [rows, depth])]);
    const b = c.floats([2, ...(transposeB ? [columns, depth] : [depth, columns])]);
    return ops.batchedMatmul({ a, b }, { transposeA, transposeB }).out;
  },
  binaryCrossEntropy: (c, { rows, columns, choice }) => {
    const weights = (): Value | null => (choice % 2 === 0 ? c.fixed([columns], 0.5, 2) : null);
    const inputs = { x: c.floats([rows, columns]), targets: c.fixed([rows, columns], 0, 1), scale: c.scale(0.5) };
    const rowWeights = choice % 3 === 0 ? c.fixed([rows], 0, 2) : null;
    const weighed = { ...inputs, positiveWeights: weights(), columnWeights: weights(), rowWeights };
    return ops.binaryCrossEntropy(weighed, { factor: 0.5, smoothing: choice % 3 === 0 ? 0.1 : 0 }).out;
  },
  clip: (c, { rows, columns }) => ops.clip({ x: c.floats([rows, columns]) }, { low: -1.1, high: 0.9 }).out,
  concat: (c, { rows, columns, depth }) =>
    ops.concat({ a: c.floats([rows, columns]), b: c.floats([rows, depth]) }, {}).out,
  conv2d: (c, s) => {
    const geometry = convGeometry(s);
    const x = c.floats([geometry.batch, geometry.height, geometry.width, geometry.channels]);
    const inputs = { x, weight: c.floats(weightShape(geometry)), bias: c.floats([geometry.outChannels]) };
    return ops.conv2d(inputs, { geometry, activation: epilogues[s.choice % epilogues.length]!, slope: 0.1 }).out;
  },
  conv2dInputGradient: (c, s) => {
    const geometry = convGeometry(s);
    const g = c.floats([geometry.batch, geometry.outHeight, geometry.outWidth, geometry.outChannels]);
    return ops.conv2dInputGradient({ g, weight: c.floats(weightShape(geometry)) }, { geometry }).out;
  },
  div: binary("div"),
  dropout: (c, { rows, columns, choice }) =>
    ops.dropout({ x: c.floats([rows, columns]), state: c.state() }, { rate: 0.4, purpose: choice }).out,
  exp: unary("exp"),
  expand: (c, s) => ops.expand({ x: c.floats(partner(s)) }, { shape: [s.rows, s.columns] }).out,
  fixedNorm: (c, { rows, columns, choice }) => {
    const inputs = { x: c.floats([rows, columns]), mean: c.fixed([columns]), variance: c.fixed([columns], 0.5, 2) };
    return ops.fixedNorm({ ...inputs, gamma: c.floats([columns]), beta: c.floats([columns]) }, norm(choice)).out;
  },
  gather: null,
  gaussian: (c, { rows, columns, choice }) => {
    const inputs = { x: c.floats([rows, 2 * columns]), targets: c.fixed([rows, columns]), scale: c.scale(0.25) };
    const rowWeights = choice % 2 === 0 ? c.fixed([rows], 0, 2) : null;
    return ops.gaussian({ ...inputs, rowWeights }, { factor: 0.25 }).out;
  },
  globalAveragePool: (c, { rows, columns, depth }) =>
    ops.globalAveragePool({ x: c.floats([2, rows, columns, depth]) }, {}).out,
  huber: (c, { rows, columns, choice }) => {
    const inputs = { x: c.floats([rows, columns]), targets: c.fixed([rows, columns]), scale: c.scale(0.5) };
    const rowWeights = choice % 2 === 0 ? c.fixed([rows], 0, 2) : null;
    return ops.huber({ ...inputs, rowWeights }, { factor: 0.5, delta: 0.9 }).out;
  },
  insertColumns: (c, { rows, columns, depth }) =>
    ops.insertColumns({ x: c.floats([rows, columns]) }, { start: depth, columns: columns + depth + 1 }).out,
  linear: (c, { rows, columns, depth, choice }) => {
    const inputs = { x: c.floats([rows, depth]), weight: c.floats([depth, columns]), bias: c.floats([columns]) };
    return ops.linear(inputs, { activation: epilogues[choice % epilogues.length]!, slope: 0.1 }).out;
  },
  log: unary("log"),
  logSoftmax: (c, { rows, columns }) => ops.logSoftmax({ x: c.floats([rows, columns]) }, {}).out,
  matmul: (c, { rows, columns, depth, choice }) => {
    const [transposeA, transposeB] = [choice % 2 === 1, choice % 4 > 1];
    const a = c.floats(transposeA ? [depth, rows] : [rows, depth]);
    const b = c.floats(transposeB ? [columns, depth] : [depth, columns]);
    return ops.matmul({ a, b }, { transposeA, transposeB }).out;
  },
  maxPool: (c, s) => {
    const geometry = poolGeometry(s);
    return ops.maxPool({ x: c.floats(image(geometry)) }, { geometry }).out;
  },
  mul: binary("mul"),
  neg: unary("neg"),
  poisson: regression("poisson"),
  power: (c, { rows, columns, choice }) =>
    ops.power({ x: c.floats([rows, columns], 0.3, 2) }, { exponent: [2, 0.5, -0.75][choice % 3]! }).out,
  repeat: (c, { rows, columns, depth }) =>
    ops.repeat({ x: c.floats([rows, columns]) }, { times: depth, inner: columns }).out,
  reshape: (c, { rows, columns }) => ops.reshape({ x: c.floats([rows, columns]) }, { shape: [columns, rows] }).out,
  scale: (c, { rows, columns }) => ops.scale({ x: c.floats([rows, columns]) }, { factor: -1.5 }).out,
  shift: (c, { rows, columns }) => ops.shift({ x: c.floats([rows, columns]) }, { value: 0.7 }).out,
  sign: null,
  softmax: (c, { rows, columns }) => ops.softmax({ x: c.floats([rows, columns]) }, {}).out,
  softmaxCrossEntropy: (c, { rows, columns, choice }) => {
    const classWeights = choice % 2 === 0 ? c.fixed([columns], 0.5, 2) : null;
    const inputs = {
      x: c.floats([rows, columns]),
      labels: c.integers([rows], columns),
      scale: c.scale(1 / rows),
      classWeights,
      rowWeights: choice % 3 === 0 ? c.fixed([rows], 0, 2) : null,
    };
    return ops.softmaxCrossEntropy(inputs, { factor: 1 / rows, smoothing: choice % 3 === 0 ? 0.1 : 0 }).out;
  },
  sqrt: unary("sqrt"),
  square: unary("square"),
  squaredError: regression("squaredError"),
  sub: binary("sub"),
  sum: (c, { rows, columns }) => ops.sum({ x: c.floats([rows, columns]) }, {}).out,
  sumColumns: (c, { rows, columns }) => ops.sumColumns({ x: c.floats([rows, columns]) }, {}).out,
  sumRepeats: (c, { rows, columns, depth }) =>
    ops.sumRepeats({ x: c.floats([rows, depth, columns]) }, { times: depth, inner: columns, factor: 0.3 }).out,
  sumRows: (c, { rows, columns }) => ops.sumRows({ x: c.floats([rows, columns]) }, {}).out,
  swapAxes: (c, { rows, columns, depth }) =>
    ops.swapAxes({ x: c.floats([2, rows, columns, depth]) }, { first: rows, second: columns, inner: depth }).out,
  takeColumns: (c, { rows, columns, depth }) =>
    ops.takeColumns({ x: c.floats([rows, columns + depth]) }, { start: depth, count: columns }).out,
};

const sizes = fc.record({
  rows: fc.integer({ min: 1, max: 5 }),
  columns: fc.integer({ min: 1, max: 9 }),
  depth: fc.integer({ min: 1, max: 3 }),
  choice: fc.integer({ min: 0, max: 60 }),
});

describe("the gradient of", () => {
  for (const [name, build] of Object.entries(cases)) {
    if (!build) continue;
    it(`${name} agrees with central differences over random shapes`, () => {
      fc.assert(
        fc.property(sizes, (drawn) => {
          const made = createCase(drawn.choice);
          const loss = weighted(build(made, drawn), 5);
          checkGradient(loss, made.leaves, made.wanted);
        }),
        { numRuns: name === "conv2d" ? 20 : 25 },
      );
    });
  }

  it("a composition that uses a value twice adds both paths", () => {
    const made = createCase(1);
    const x = made.floats([3, 2]);
    const y = ops.mul({ a: x, b: ops.exp({ x }, {}).out }, {}).out;
    checkGradient(weighted(ops.add({ a: y, b: x }, {}).out, 3), made.leaves, made.wanted);
    expect(made.wanted).toHaveLength(1);
  });
});

describe("the list of ops", () => {
  it("has every op of the folder, those with a gradient and those of gradients", async () => {
    const folder = new URL("../../../src/engine/graph/ops/", import.meta.url);
    const modules = await Promise.all(
      readdirSync(folder).map((name) => import(new URL(name, folder).href) as Promise<Record<string, unknown>>),
    );
    const written = modules
      .flatMap((module) => Object.entries(module))
      .filter(([, value]) => typeof value === "function" && "definition" in value)
      .map(([name]) => name);
    expect(written.length).toBeGreaterThan(50);
    expect(Object.keys({ ...ops, ...gradientOps }).sort()).toEqual(written.sort());
  });
});
