import type { NetworkActivation, NetworkNode } from "../../../domain/models/network.ts";
import { floatOf, type OnnxNode, stringOf } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import { type BinaryKind, binaryOf } from "./broadcast.ts";
import {
  addTensor,
  type Entry,
  emit,
  entryOf,
  hasInput,
  type Known,
  knownInput,
  type Laid,
  type Lowering,
  laid,
  setOutput,
} from "./context.ts";
import { asValue, floats, isLearnt, laidInput, solid } from "./operands.ts";

export type Lowerer = (l: Lowering, node: OnnxNode) => void;

const of = (l: Lowering, x: Laid, node: NetworkNode): Laid => laid(emit(l, node), x.layout);
export const activated = (l: Lowering, x: Laid, kind: NetworkActivation, slope?: number): Laid =>
  of(l, x, { op: "activation", x: x.value, kind, ...(slope === undefined ? {} : { slope }) });
export const affine = (l: Lowering, x: Laid, factor: number, shift: number): Laid =>
  factor === 1 && shift === 0 ? x : of(l, x, { op: "affine", x: x.value, factor, shift });
const unary = (l: Lowering, x: Laid, kind: Extract<NetworkNode, { op: "unary" }>["kind"]): Laid =>
  of(l, x, { op: "unary", kind, x: x.value });
const clipped = (l: Lowering, x: Laid, low: number | null, high: number | null): Laid =>
  of(l, x, { op: "clip", x: x.value, low, high });
export const powered = (l: Lowering, x: Laid, exponent: number): Laid =>
  of(l, x, { op: "power", x: x.value, exponent });
export const squared = (l: Lowering, x: Laid): Laid => unary(l, x, "square");

/** With a constant number on one side there is nothing to broadcast. */
const withNumber = (l: Lowering, kind: BinaryKind, x: Laid, value: number, first: boolean): Laid | null => {
  switch (kind) {
    case "add":
      return affine(l, x, 1, value);
    case "sub":
      return first ? affine(l, x, -1, value) : affine(l, x, 1, -value);
    case "mul":
      return affine(l, x, value, 0);
    case "div":
      return first || value === 0 ? null : affine(l, x, 1 / value, 0);
    case "max":
      return clipped(l, x, value, null);
    case "min":
      return clipped(l, x, null, value);
  }
};

/** The node that computed a value, if this is its only reader. */
const onlyReader = (l: Lowering, name: string, x: Laid): NetworkNode | undefined =>
  l.uses.get(name) === 1 ? l.nodes[x.value - l.inputCount] : undefined;

/** A constant row that is added to a product without a bias is its bias. */
const asBias = (l: Lowering, node: OnnxNode, x: Laid, name: string, known: Known): Laid | null => {
  const producer = onlyReader(l, name, x);
  const last = x.layout.axes.at(-1) ?? [];
  const isRow =
    known.tensor.dims.slice(0, -1).every((size) => size === 1) && known.tensor.dims.at(-1) === known.tensor.data.length;
  if (producer?.op !== "linear" || producer.bias !== null || !isRow || known.tensor.data.length !== producer.units)
    return null;
  if (last.length !== 1 || x.layout.order.at(-1) !== last[0]) return null;
  const bias = addTensor(l, node, "bias", known, {
    shape: [producer.units],
    data: floats(known.tensor),
    kind: "offset",
  });
  l.nodes[x.value - l.inputCount] = { ...producer, bias };
  return x;
};

const elementwisePair = (
  l: Lowering,
  node: OnnxNode,
  kind: BinaryKind,
  a: Entry,
  b: Entry,
  names: readonly [string, string],
): Laid => {
  if (a.kind === "known" && b.kind === "known")
    return binaryOf(l, node, kind, asValue(l, node, a), asValue(l, node, b));
  for (const [known, other, first, name] of [
    [a, b, true, names[1]],
    [b, a, false, names[0]],
  ] as const) {
    if (known.kind !== "known") continue;
    const x = solid(l, node, other);
    const rank = x.layout.axes.length;
    if (known.tensor.data.length === 1 && known.tensor.dims.length <= rank) {
      const done = withNumber(l, kind, x, known.tensor.data[0]!, first);
      if (done !== null) return done;
    }
    const biased = kind === "add" ? asBias(l, node, x, name, known) : null;
    if (biased !== null) return biased;
    const value = asValue(l, node, known, isLearnt(l, known, x));
    return first ? binaryOf(l, node, kind, value, x) : binaryOf(l, node, kind, x, value);
  }
  return binaryOf(l, node, kind, solid(l, node, a), solid(l, node, b));
};

/** x · σ(x) and x · hard-sigmoid(x) are activations of their own, of one pass. */
const gated = (l: Lowering, node: OnnxNode, a: Entry, b: Entry): Laid | null => {
  if (a.kind !== "laid" || b.kind !== "laid") return null;
  for (const [x, gate, name] of [
    [a, b, node.inputs[1]!],
    [b, a, node.inputs[0]!],
  ] as const) {
    const producer = onlyReader(l, name, gate);
    if (producer?.op !== "activation" || producer.x !== x.value) continue;
    if (producer.kind === "sigmoid") return activated(l, x, "silu");
    if (producer.kind === "hardSigmoid") return activated(l, x, "hardSwish");
  }
  return null;
};

const binary =
  (kind: BinaryKind): Lowerer =>
  (l, node) => {
    const [a, b] = [entryOf(l, node, 0), entryOf(l, node, 1)];
    const gate = kind === "mul" ? gated(l, node, a, b) : null;
    setOutput(l, node, gate ?? elementwisePair(l, node, kind, a, b, [node.inputs[0]!, node.inputs[1]!]));
  };

/** Sum, Mean, Max and Min of any number of inputs. */
const variadic =
  (kind: BinaryKind, mean = false): Lowerer =>
  (l, node) => {
    const parts = node.inputs.map((_, i) => entryOf(l, node, i));
    const all = parts
      .slice(1)
      .reduce<Entry>((sum, next) => elementwisePair(l, node, kind, sum, next, ["", ""]), parts[0]!);
    const value = solid(l, node, all);
    setOutput(l, node, mean ? affine(l, value, 1 / parts.length, 0) : value);
  };

const simple =
  (f: (l: Lowering, x: Laid, node: OnnxNode) => Laid): Lowerer =>
  (l, node) =>
    setOutput(l, node, f(l, laidInput(l, node, 0), node));

/** Bounds are attributes before opset 11, inputs since. */
const bound = (l: Lowering, node: OnnxNode, index: number, name: string): number | null => {
  if (l.opset < 11) {
    const value = floatOf(node, name, Number.NaN);
    return Number.isNaN(value) || Math.abs(value) > 3.4e38 ? null : value;
  }
  const value = knownInput(l, node, index, `${name}imum`)?.tensor.data[0] ?? null;
  return value === null || Math.abs(value) > 3.4e38 ? null : value;
};

const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

const hardSigmoid = (l: Lowering, x: Laid, node: OnnxNode): Laid => {
  const [alpha, beta] = [floatOf(node, "alpha", 0.2), floatOf(node, "beta", 0.5)];
  if (near(alpha, 1 / 6) && near(beta, 0.5)) return activated(l, x, "hardSigmoid");
  return clipped(l, affine(l, x, alpha, beta), 0, 1);
};

/** max(x, 0) + α (e^min(x, 0) − 1) */
const elu = (l: Lowering, x: Laid, node: OnnxNode, alpha = floatOf(node, "alpha", 1)): Laid => {
  const below = affine(l, unary(l, clipped(l, x, null, 0), "exp"), alpha, -alpha);
  return binaryOf(l, node, "add", activated(l, x, "relu"), below);
};

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), or the exact form by erf. */
const gelu = (l: Lowering, x: Laid, node: OnnxNode): Laid => {
  if (stringOf(node, "approximate", "none") !== "tanh") return activated(l, x, "gelu");
  const cube = binaryOf(l, node, "mul", x, unary(l, x, "square"));
  const inner = binaryOf(l, node, "add", x, affine(l, cube, 0.044715, 0));
  const gate = affine(l, activated(l, affine(l, inner, 0.7978845608028654, 0), "tanh"), 0.5, 0.5);
  return binaryOf(l, node, "mul", x, gate);
};

const power: Lowerer = (l, node) => {
  const exponent = knownInput(l, node, 1, "exponent");
  const x = laidInput(l, node, 0);
  const value = exponent?.tensor.data[0];
  if (value === undefined || exponent?.tensor.data.length !== 1)
    throw nodeProblem(node, "only one constant exponent works");
  if (value === 1) setOutput(l, node, x);
  else if (value === 2) setOutput(l, node, squared(l, x));
  else if (value === 3) setOutput(l, node, binaryOf(l, node, "mul", x, squared(l, x)));
  else if (value === 0.5) setOutput(l, node, unary(l, x, "sqrt"));
  else setOutput(l, node, powered(l, x, value));
};

/** max(x, 0) − slope · max(−x, 0) */
const parametricRelu: Lowerer = (l, node) => {
  const x = laidInput(l, node, 0);
  const below = activated(l, affine(l, x, -1, 0), "relu");
  const slope = entryOf(l, node, 1);
  const learnt = slope.kind === "known" ? asSlope(l, node, slope, x) : solid(l, node, slope);
  setOutput(l, node, binaryOf(l, node, "sub", activated(l, x, "relu"), binaryOf(l, node, "mul", below, learnt)));
};

const asSlope = (l: Lowering, node: OnnxNode, slope: Known, x: Laid): Laid =>
  asValue(l, node, slope, slope.tensor.data.length > 0 && x.value >= 0);

const reciprocal = (l: Lowering, x: Laid, node: OnnxNode): Laid => {
  const one: Known = { kind: "known", source: null, tensor: { dims: [], kind: "float", data: new Float32Array([1]) } };
  return binaryOf(l, node, "div", asValue(l, node, one), x);
};

const softsign = (l: Lowering, x: Laid, node: OnnxNode): Laid =>
  binaryOf(l, node, "div", x, affine(l, unary(l, x, "abs"), 1, 1));

export const elementwiseLowerers: Readonly<Record<string, Lowerer>> = {
  Add: binary("add"),
  Sub: binary("sub"),
  Mul: binary("mul"),
  Div: binary("div"),
  Sum: variadic("add"),
  Mean: variadic("add", true),
  Max: variadic("max"),
  Min: variadic("min"),
  Pow: power,
  Relu: simple((l, x) => activated(l, x, "relu")),
  LeakyRelu: simple((l, x, node) => activated(l, x, "leakyRelu", floatOf(node, "alpha", 0.01))),
  PRelu: parametricRelu,
  Elu: simple((l, x, node) => elu(l, x, node)),
  Selu: simple((l, x, node) =>
    affine(l, elu(l, x, node, floatOf(node, "alpha", 1.6732632)), floatOf(node, "gamma", 1.050701), 0),
  ),
  Sigmoid: simple((l, x) => activated(l, x, "sigmoid")),
  HardSigmoid: simple(hardSigmoid),
  HardSwish: simple((l, x) => activated(l, x, "hardSwish")),
  Tanh: simple((l, x) => activated(l, x, "tanh")),
  Softplus: simple((l, x) => activated(l, x, "softplus")),
  Softsign: simple(softsign),
  Mish: simple((l, x, node) => binaryOf(l, node, "mul", x, activated(l, activated(l, x, "softplus"), "tanh"))),
  Gelu: simple(gelu),
  Erf: simple((l, x) => activated(l, x, "erf")),
  Clip: simple((l, x, node) => clipped(l, x, bound(l, node, 1, "min"), bound(l, node, 2, "max"))),
  Neg: simple((l, x) => affine(l, x, -1, 0)),
  Abs: simple((l, x) => unary(l, x, "abs")),
  Sqrt: simple((l, x) => unary(l, x, "sqrt")),
  Exp: simple((l, x) => unary(l, x, "exp")),
  Log: simple((l, x) => unary(l, x, "log")),
  Reciprocal: simple(reciprocal),
  Identity: (l, node) => setOutput(l, node, entryOf(l, node, 0)),
  Dropout: simple((l, x, node) => {
    const ratio =
      l.opset < 12
        ? floatOf(node, "ratio", 0.5)
        : hasInput(node, 1)
          ? knownInput(l, node, 1, "ratio")?.tensor.data[0]
          : 0.5;
    return of(l, x, { op: "dropout", x: x.value, rate: ratio ?? 0.5 });
  }),
};
