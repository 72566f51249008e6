import type { KernelName } from "../../kernels/interface.ts";
import { columnsOf, rowsOf, sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Emitter, Place } from "../emitter.ts";
import type { TensorType, Value } from "../graph.ts";
import { isOne } from "../graph.ts";
import { mustFit, onceDifferentiable, op } from "../op.ts";
import { broadcastStrides, reduceTo } from "./reduction.ts";

type Pair = { readonly a: TensorType; readonly b: TensorType };

const binaryShape = ({ a, b }: Pair): { out: TensorType } => {
  const out = sizeOf(a.shape) >= sizeOf(b.shape) ? a : b;
  const fits = broadcastStrides(a.shape, out.shape) && broadcastStrides(b.shape, out.shape);
  mustFit(fits !== null, `shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not broadcast`);
  return { out: { shape: out.shape, dtype: "float" } };
};

type BinaryKernel = "add" | "sub" | "mul" | "div";
const broadcastKernel = {
  add: "addBroadcast",
  sub: "subBroadcast",
  mul: "mulBroadcast",
  div: "divBroadcast",
} as const satisfies Record<BinaryKernel, KernelName>;

const binaryForward =
  (kernel: BinaryKernel) =>
  (
    emit: Emitter,
    places: { a: Place; b: Place; out: Place },
    _attributes: object,
    types: { a: TensorType; b: TensorType; out: TensorType },
  ): void => {
    const { shape } = types.out;
    if (sameShape(types.a.shape, types.b.shape)) {
      emit.k[kernel](places.out, places.a, places.b, sizeOf(shape));
      return;
    }
    const [aRow, aColumn] = broadcastStrides(types.a.shape, shape)!;
    const [bRow, bColumn] = broadcastStrides(types.b.shape, shape)!;
    const columns = columnsOf(shape);
    emit.k[broadcastKernel[kernel]](
      places.out,
      places.a,
      places.b,
      columns,
      columns,
      aRow,
      aColumn,
      bRow,
      bColumn,
      rowsOf(shape),
    );
  };

const perElement =
  (flops: number) =>
  (types: { out: TensorType }): number =>
    flops * sizeOf(types.out.shape);

/** out = a + b */
export const add = op("add", {
  inputs: ["a", "b"],
  shape: binaryShape,
  forward: binaryForward("add"),
  vjp: (g, { a, b }) => ({ a: reduceTo(g, a.shape), b: reduceTo(g, b.shape) }),
  cost: perElement(1),
});

/** out = a − b */
export const sub = op("sub", {
  inputs: ["a", "b"],
  shape: binaryShape,
  forward: binaryForward("sub"),
  vjp: (g, { a, b }) => ({ a: reduceTo(g, a.shape), b: reduceTo(negated(g), b.shape) }),
  cost: perElement(1),
});

/** out = a · b; d(ab) = b·da + a·db */
export const mul = op("mul", {
  inputs: ["a", "b"],
  shape: binaryShape,
  forward: binaryForward("mul"),
  vjp: (g, { a, b }) => ({ a: reduceTo(times(g, b), a.shape), b: reduceTo(times(g, a), b.shape) }),
  cost: perElement(1),
});

/** out = a / b; d(a/b) = da/b − (out/b)·db */
export const div = op("div", {
  inputs: ["a", "b"],
  shape: binaryShape,
  forward: binaryForward("div"),
  vjp: (g, { a, b, out }) => {
    const overB = quotient(g, b);
    return { a: reduceTo(overB, a.shape), b: reduceTo(negated(times(overB, out)), b.shape) };
  },
  cost: perElement(1),
});

export const quotient = (a: Value, b: Value): Value => div({ a, b }, {}).out;

/** a · b, where a seed gradient of 1 costs nothing. */
export const times = (a: Value, b: Value): Value => {
  if (isOne(a) && sizeOf(a.shape) === 1) return b;
  if (isOne(b) && sizeOf(b.shape) === 1) return a;
  return mul({ a, b }, {}).out;
};

const unaryShape = ({ x }: { x: TensorType }): { out: TensorType } => ({ out: { shape: x.shape, dtype: "float" } });

/** Either may be infinite. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

type UnaryKernel = "neg" | "abs" | "sign" | "square" | "sqrt" | "exp" | "log";
const unaryForward =
  (kernel: UnaryKernel) =>
  (emit: Emitter, { x, out }: { x: Place; out: Place }, _attributes: object, types: { out: TensorType }): void =>
    emit.k[kernel](out, x, sizeOf(types.out.shape));

/** out = −x */
export const neg = op("neg", {
  inputs: ["x"],
  shape: unaryShape,
  forward: unaryForward("neg"),
  vjp: (g) => ({ x: negated(g) }),
  cost: perElement(1),
});

export const negated = (x: Value): Value => neg({ x }, {}).out;

/** out = factor · x */
export const scale = op("scale", {
  inputs: ["x"],
  shape: unaryShape,
  forward: ({ k }, { x, out }, { factor }: { factor: number }, types) =>
    k.scale(out, x, factor, sizeOf(types.out.shape)),
  vjp: (g, _values, { factor }) => ({ x: scaled(g, factor) }),
  cost: perElement(1),
});

export const scaled = (x: Value, factor: number): Value => scale({ x }, { factor }).out;

/** out = x + value */
export const shift = op("shift", {
  inputs: ["x"],
  shape: unaryShape,
  forward: ({ k }, { x, out }, { value }: { value: number }, types) =>
    k.addConstant(out, x, value, sizeOf(types.out.shape)),
  vjp: (g) => ({ x: g }),
  cost: perElement(1),
});

/** out = x^exponent for x ≥ 0; dx^e = e·x^(e − 1)·dx */
export const power = op("power", {
  inputs: ["x"],
  shape: unaryShape,
  forward: ({ k }, { x, out }, { exponent }: { exponent: number }, types) =>
    k.pow(out, x, exponent, sizeOf(types.out.shape)),
  vjp: (g, { x }, { exponent }) => ({
    x: times(g, scaled(raised(x, exponent - 1), exponent)),
  }),
  cost: perElement(25),
});

export const raised = (x: Value, exponent: number): Value => power({ x }, { exponent }).out;

/** out = x held between low and high; the gradient passes strictly between them. */
export const clip = op("clip", {
  inputs: ["x"],
  shape: unaryShape,
  forward: ({ k }, { x, out }, { low, high }: Bounds, types) => k.clip(out, x, low, high, sizeOf(types.out.shape)),
  vjp: (g, { out }, bounds) => ({ x: clipGradient({ g, y: out }, bounds).out }),
  cost: perElement(2),
});

export const clipGradient = op("clipGradient", {
  inputs: ["g", "y"],
  shape: ({ g }) => ({ out: g }),
  forward: ({ k }, { g, y, out }, { low, high }: Bounds, types) =>
    k.clipGrad(out, g, y, low, high, sizeOf(types.out.shape)),
  vjp: onceDifferentiable("clipGradient"),
  cost: perElement(2),
});

/** out = −1, 0 or 1; its gradient is 0 almost everywhere. */
export const sign = op("sign", {
  inputs: ["x"],
  shape: unaryShape,
  forward: unaryForward("sign"),
  vjp: () => ({ x: null }),
  cost: perElement(1),
});

/** out = |x|; d|x| = sign(x)·dx */
export const abs = op("abs", {
  inputs: ["x"],
  shape: unaryShape,
  forward: unaryForward("abs"),
  vjp: (g, { x }) => ({ x: times(g, sign({ x }, {}).out) }),
  cost: perElement(1),
});

/** out = x²; dx² = 2x·dx */
export const square = op("square", {
  inputs: ["x"],
  shape: unaryShape,
  forward: unaryForward("square"),
  vjp: (g, { x }) => ({ x: times(g, scaled(x, 2)) }),
  cost: perElement(1),
});

/** out = √x; d√x = dx / (2√x) */
export const sqrt = op("sqrt", {
  inputs: ["x"],
  shape: unaryShape,
  forward: unaryForward("sqrt"),
  vjp: (g, { out }) => ({ x: quotient(g, scaled(out, 2)) }),
  cost: perElement(1),
});

/** out = eˣ; deˣ = eˣ·dx */
export const exp = op("exp", {
  inputs: ["x"],
  shape: unaryShape,
  forward: unaryForward("exp"),
  vjp: (g, { out }) => ({ x: times(g, out) }),
  cost: perElement(12),
});

/** out = ln x; d ln x = dx / x */
export const log = op("log", {
  inputs: ["x"],
  shape: unaryShape,
  forward: unaryForward("log"),
  vjp: (g, { x }) => ({ x: quotient(g, x) }),
  cost: perElement(12),
});
