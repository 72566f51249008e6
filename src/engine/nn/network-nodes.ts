import type { NetworkNode, Repetition } from "../../domain/models/network.ts";
import type { Value } from "../graph/graph.ts";
import { activation, logSoftmax, softmax } from "../graph/ops/activation.ts";
import { columnsFrom, concat, insertedColumns } from "../graph/ops/columns.ts";
import {
  abs,
  add,
  clip,
  div,
  exp,
  log,
  mul,
  negated,
  raised,
  scaled,
  shift,
  sqrt,
  square,
  sub,
} from "../graph/ops/elementwise.ts";
import { batchedProduct, linear } from "../graph/ops/matrix.ts";
import { averagePool, maxPool } from "../graph/ops/pooling.ts";
import { repeated, summed, swapped } from "../graph/ops/rearrangement.ts";
import { reshaped } from "../graph/ops/reshape.ts";
import type { PoolGeometry } from "../kernels/families/pooling.ts";
import { sizeOf } from "../tensor/shape.ts";
import { leakySlope } from "./activations.ts";
import type { Building } from "./network-layers.ts";

type NodeOf<Op extends NetworkNode["op"]> = Extract<NetworkNode, { op: Op }>;
type Plain = Exclude<NetworkNode, { op: "conv" | "transposedConv" | "linear" | "batchNorm" | "layerNorm" | "dropout" }>;

const countOf = (x: Value): number => sizeOf(x.shape);

const pooling = (b: Building, node: NodeOf<"maxPool" | "averagePool">): Value => {
  const [height, width] = node.size;
  const own = b.value(node.x);
  const channels = countOf(own) / (b.rows * height * width);
  const x = reshaped(own, [b.rows, height, width, channels]);
  const geometry: PoolGeometry = {
    batch: b.rows,
    height,
    width,
    channels,
    outHeight: node.out[0],
    outWidth: node.out[1],
    kernelHeight: node.kernel[0],
    kernelWidth: node.kernel[1],
    strideHeight: node.stride[0],
    strideWidth: node.stride[1],
    padTop: node.padding[0],
    padLeft: node.padding[1],
  };
  if (node.op === "maxPool") return maxPool({ x }, { geometry }).out;
  return averagePool({ x }, { geometry, countPadding: node.countPadding }).out;
};

/** The two operands in shapes that broadcast: the smaller one as a row, a column or a scalar of the larger. */
const operands = (a: Value, b: Value, side: "a" | "b", how: Repetition): { a: Value; b: Value } => {
  const [large, small] = side === "b" ? [a, b] : [b, a];
  const count = countOf(small);
  const pair = (whole: Value, part: Value) => (side === "b" ? { a: whole, b: part } : { a: part, b: whole });
  switch (how) {
    case "same":
      return pair(large, reshaped(small, large.shape));
    case "row":
      return pair(reshaped(large, [countOf(large) / count, count]), reshaped(small, [count]));
    case "column":
      return pair(reshaped(large, [count, countOf(large) / count]), reshaped(small, [count, 1]));
    case "scalar":
      return pair(large, reshaped(small, []));
  }
};

const relu = (x: Value): Value => activation({ x }, { kind: "relu", slope: 0 }).out;

const binary = (b: Building, node: NodeOf<"binary">): Value => {
  const pair = operands(b.value(node.a), b.value(node.b), node.repeats.side, node.repeats.how);
  switch (node.kind) {
    case "add":
      return add(pair, {}).out;
    case "sub":
      return sub(pair, {}).out;
    case "mul":
      return mul(pair, {}).out;
    case "div":
      return div(pair, {}).out;
    case "max": {
      // max(a, b) = b + max(a − b, 0)
      const { out } = sub(pair, {});
      return add({ a: relu(out), b: pair.b }, {}).out;
    }
    case "min": {
      // min(a, b) = a − max(a − b, 0)
      const { out } = sub(pair, {});
      return sub({ a: pair.a, b: relu(out) }, {}).out;
    }
  }
};

const unary = (x: Value, kind: NodeOf<"unary">["kind"]): Value => {
  switch (kind) {
    case "neg":
      return negated(x);
    case "abs":
      return abs({ x }, {}).out;
    case "sqrt":
      return sqrt({ x }, {}).out;
    case "square":
      return square({ x }, {}).out;
    case "exp":
      return exp({ x }, {}).out;
    case "log":
      return log({ x }, {}).out;
  }
};

const affine = (own: Value, { factor, shift: value }: NodeOf<"affine">): Value => {
  const x = factor === 1 ? own : scaled(own, factor);
  return value === 0 ? x : shift({ x }, { value }).out;
};

const padded = (own: Value, { size, inner, before, total, value }: NodeOf<"pad">): Value => {
  const shifted = (x: Value, by: number): Value => (by === 0 ? x : shift({ x }, { value: by }).out);
  const rows = countOf(own) / (size * inner);
  const x = reshaped(shifted(own, -value), [rows, size * inner]);
  return shifted(insertedColumns(x, before * inner, total * inner), value);
};

/** A size in rows of the batch, as a number. */
const sizeIn = (b: Building, size: number): number => (size < 0 ? -size * b.rows : size);

const matrices = (b: Building, node: NodeOf<"matmul">): Value => {
  const { m, k, n, transposeA, transposeB } = node;
  const [left, right] = [b.value(node.a), b.value(node.b)];
  const a = reshaped(left, [countOf(left) / (m * k), ...(transposeA ? [k, m] : [m, k])]);
  const c = reshaped(right, [countOf(right) / (k * n), ...(transposeB ? [n, k] : [k, n])]);
  return batchedProduct(a, c, transposeA, transposeB);
};

const joined = (b: Building, node: NodeOf<"concat">): Value => {
  const parts = node.values.map((id, i) => {
    const x = b.value(id);
    return reshaped(x, [countOf(x) / node.widths[i]!, node.widths[i]!]);
  });
  return parts.reduce((first, second) => concat({ a: first, b: second }, {}).out);
};

/** Nodes that own no layer's tensors. */
export const plainNode = (b: Building, node: Plain): Value => {
  switch (node.op) {
    case "activation":
      return activation({ x: b.value(node.x) }, { kind: node.kind, slope: node.slope ?? leakySlope }).out;
    case "clip": {
      const bounds = { low: node.low ?? Number.NEGATIVE_INFINITY, high: node.high ?? Number.POSITIVE_INFINITY };
      return clip({ x: b.value(node.x) }, bounds).out;
    }
    case "maxPool":
    case "averagePool":
      return pooling(b, node);
    case "reduce": {
      const x = b.value(node.x);
      const inner = countOf(x) / (sizeIn(b, node.outer) * node.size);
      return summed(x, { times: node.size, inner, factor: node.kind === "mean" ? 1 / node.size : 1 });
    }
    case "binary":
      return binary(b, node);
    case "affine":
      return affine(b.value(node.x), node);
    case "power":
      return raised(b.value(node.x), node.exponent);
    case "unary":
      return unary(b.value(node.x), node.kind);
    case "tensor":
      return b.tensor(node.tensor);
    case "repeat":
      return repeated(b.value(node.x), { times: sizeIn(b, node.times), inner: sizeIn(b, node.inner) });
    case "swap": {
      const [first, second, inner] = [node.first, node.second, node.inner].map((size) => sizeIn(b, size));
      return swapped(b.value(node.x), { first: first!, second: second!, inner: inner! });
    }
    case "slice": {
      const own = b.value(node.x);
      const inner = sizeIn(b, node.inner);
      const x = reshaped(own, [countOf(own) / (node.size * inner), node.size * inner]);
      return columnsFrom(x, node.start * inner, node.count * inner);
    }
    case "concat":
      return joined(b, node);
    case "pad":
      return padded(b.value(node.x), node);
    case "matmul":
      return matrices(b, node);
    case "interpolate": {
      const own = b.value(node.x);
      const x = reshaped(own, [countOf(own) / node.inputs, node.inputs]);
      return linear({ x, weight: b.tensor(node.matrix), bias: null }, { activation: "identity", slope: leakySlope })
        .out;
    }
    case "softmax": {
      const own = b.value(node.x);
      const x = reshaped(own, [countOf(own) / node.columns, node.columns]);
      return node.logarithm ? logSoftmax({ x }, {}).out : softmax({ x }, {}).out;
    }
  }
};
