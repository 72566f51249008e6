import type { Value } from "../engine/graph/graph.ts";
import type { ElementActivation, EpilogueActivation } from "../engine/graph/ops/activation.ts";
import { sameShape } from "../engine/tensor/shape.ts";
import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
import type { Rules } from "./rules.ts";
import type { Translation } from "./translation.ts";

/** f(x), as the kernels of the same names have it. */
export const activated = (
  build: OnnxBuilder,
  x: string,
  kind: EpilogueActivation | ElementActivation,
  slope: number,
): string => {
  const { node, scalar } = build;
  switch (kind) {
    case "identity":
      return x;
    case "relu":
      return node("Relu", [x]);
    case "leakyRelu":
      return node("LeakyRelu", [x], { alpha: { float: slope } });
    case "sigmoid":
      return node("Sigmoid", [x]);
    case "tanh":
      return node("Tanh", [x]);
    case "erf":
      return node("Erf", [x]);
    case "cosTurns":
      return node("Cos", [node("Mul", [x, scalar(2 * Math.PI)])]);
    case "softplus":
      return node("Softplus", [x]);
    case "silu":
      return node("Mul", [x, node("Sigmoid", [x])]);
    case "hardSigmoid":
      return node("HardSigmoid", [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
    case "hardSwish":
      return node("HardSwish", [x]);
    case "gelu": {
      // x·Φ(x) = x·(1 + erf(x/√2))/2
      const erf = node("Erf", [node("Mul", [x, scalar(Math.SQRT1_2)])]);
      return node("Mul", [node("Mul", [x, scalar(0.5)]), node("Add", [erf, scalar(1)])]);
    }
  }
};

/** Element by element, in the order of axes that the operand has. */
const unary = (t: Translation, x: Value, out: Value, compute: (x: string) => string): void => {
  if (t.isChannelsFirst(x)) t.hold(out, { channelsFirst: compute(t.channelsFirst(x)) });
  else t.hold(out, { plain: compute(t.plain(x)) });
};

/** Smaller operands repeat as ONNX repeats them: a row, a column of the same rank, or a single number. */
const binary =
  (op: string): Rules[string] =>
  (t, { a, b, out }) => {
    const pictures = a!.shape.length === 4 && sameShape(a!.shape, b!.shape);
    if (pictures && (t.isChannelsFirst(a!) || t.isChannelsFirst(b!)))
      t.hold(out!, { channelsFirst: t.build.node(op, [t.channelsFirst(a!), t.channelsFirst(b!)]) });
    else t.hold(out!, { plain: t.build.node(op, [t.plain(a!), t.plain(b!)]) });
  };

const simple =
  (op: string): Rules[string] =>
  (t, { x, out }) =>
    unary(t, x!, out!, (value) => t.build.node(op, [value]));

const normalised =
  (op: string): Rules[string] =>
  (t, { x, out }) => {
    if (t.isChannelsFirst(x!))
      t.hold(out!, { channelsFirst: t.build.node(op, [t.channelsFirst(x!)], { axis: { int: 1 } }) });
    else t.hold(out!, { plain: t.build.node(op, [t.plain(x!)], { axis: { int: -1 } }) });
  };

export const elementwiseRules = {
  activation: (t, { x, out }, { kind, slope }: { kind: ElementActivation; slope: number }) =>
    unary(t, x!, out!, (value) => activated(t.build, value, kind, slope)),
  add: binary("Add"),
  sub: binary("Sub"),
  mul: binary("Mul"),
  div: binary("Div"),
  neg: simple("Neg"),
  abs: simple("Abs"),
  sign: simple("Sign"),
  sqrt: simple("Sqrt"),
  exp: simple("Exp"),
  log: simple("Log"),
  square: (t, { x, out }) => unary(t, x!, out!, (value) => t.build.node("Mul", [value, value])),
  scale: (t, { x, out }, { factor }: { factor: number }) =>
    unary(t, x!, out!, (value) => t.build.node("Mul", [value, t.build.scalar(factor)])),
  shift: (t, { x, out }, { value: by }: { value: number }) =>
    unary(t, x!, out!, (value) => t.build.node("Add", [value, t.build.scalar(by)])),
  power: (t, { x, out }, { exponent }: { exponent: number }) =>
    unary(t, x!, out!, (value) => t.build.node("Pow", [value, t.build.scalar(exponent)])),
  clip: (t, { x, out }, { low, high }: { low: number; high: number }) => {
    const bound = (value: number): string => (Number.isFinite(value) ? t.build.scalar(value) : "");
    unary(t, x!, out!, (value) => t.build.node("Clip", [value, bound(low), bound(high)]));
  },
  softmax: normalised("Softmax"),
  logSoftmax: normalised("LogSoftmax"),
} satisfies Rules;
