import type { ActivationKernels } from "../families/activations.ts";
import type { ElementwiseKernels } from "../families/elementwise.ts";
import { type CasesOf, type MakeCase, realOutput, type Space } from "./case.ts";

const unary =
  (ulps: number, low = -3, high = 3, floor = 0): MakeCase =>
  (r) => {
    const n = r.size(1, 70);
    const out = r.blank(n);
    return { args: [out, r.real(n, low, high)], units: n, outputs: [realOutput(out, n, ulps, floor)] };
  };

const withNumber =
  (ulps: number, low: number, high: number, floor: number, number: readonly [number, number]): MakeCase =>
  (r) => {
    const n = r.size(1, 70);
    const out = r.blank(n);
    const args = [out, r.real(n, low, high), Math.fround(r.between(...number))];
    return { args, units: n, outputs: [realOutput(out, n, ulps, floor)] };
  };

const binary =
  (ulps: number, floor = 0, low = -3, high = 3): MakeCase =>
  (r) => {
    const n = r.size(1, 70);
    const out = r.blank(n);
    return { args: [out, r.real(n), r.real(n, low, high)], units: n, outputs: [realOutput(out, n, ulps, floor)] };
  };

/** Strides of a [rows, columns] operand: whole, row vector, column vector, scalar or transposed. */
const strides = (r: Space, rows: number, columns: number): readonly [number, number] =>
  (
    [
      [columns, 1],
      [0, 1],
      [1, 0],
      [0, 0],
      [1, rows],
    ] as const
  )[r.size(0, 4)] as readonly [number, number];

const broadcast: MakeCase = (r) => {
  const [rows, columns] = [r.size(1, 9), r.size(1, 19)];
  const outRow = columns + r.size(0, 3);
  const count = rows * outRow;
  const out = r.blank(count);
  const [a, b] = [r.real(rows * columns), r.real(rows * columns)];
  const args = [out, a, b, columns, outRow, ...strides(r, rows, columns), ...strides(r, rows, columns)];
  return { args, units: rows, outputs: [realOutput(out, count, 0)] };
};

/** An element held between two bounds, or the gradient of that. */
const bounded =
  (gradient: boolean): MakeCase =>
  (r) => {
    const n = r.size(1, 70);
    const out = r.blank(n);
    const inputs = gradient ? [r.real(n), r.real(n)] : [r.real(n, -3, 3)];
    const high = r.flag() ? Number.POSITIVE_INFINITY : 0.75;
    return { args: [out, ...inputs, Math.fround(-0.3), high], units: n, outputs: [realOutput(out, n, 0)] };
  };

export const elementwiseCases: CasesOf<ElementwiseKernels> = {
  fill: (r) => {
    const n = r.size(1, 70);
    const out = r.blank(n);
    return { args: [out, Math.fround(r.between(-1, 1))], units: n, outputs: [realOutput(out, n, 0)] };
  },
  copy: unary(0),
  add: binary(0),
  sub: binary(0),
  mul: binary(0),
  div: binary(0),
  axpy: (r) => {
    const n = r.size(1, 70);
    const out = r.real(n);
    return { args: [out, r.real(n), Math.fround(r.between(-2, 2))], units: n, outputs: [realOutput(out, n, 1, 2)] };
  },
  scale: withNumber(0, -3, 3, 0, [-2, 2]),
  addConstant: withNumber(0, -3, 3, 0, [-2, 2]),
  clamp: withNumber(0, -3, 3, 0, [0, 2]),
  clip: bounded(false),
  clipGrad: bounded(true),
  neg: unary(0),
  abs: unary(0),
  sign: unary(0),
  square: unary(0),
  sqrt: unary(0, 0, 10),
  reciprocal: unary(0),
  exp: unary(2, -87, 88),
  log: unary(2, 0, 10),
  pow: withNumber(16, 0.1, 10, 0, [-3, 3]),
  addBroadcast: broadcast,
  subBroadcast: broadcast,
  mulBroadcast: broadcast,
  divBroadcast: broadcast,
  copyStrided: (r) => {
    const [rows, columns] = [r.size(1, 9), r.size(1, 19)];
    const x = r.real(rows * columns);
    const out = r.blank(rows * columns * 2);
    const layouts = [
      [columns, 1],
      [2 * columns, 2],
      [1, rows],
    ] as const;
    const [outRow, outColumn] = layouts[r.size(0, 2)] as readonly [number, number];
    const args = [out, x, columns, outRow, outColumn, ...strides(r, rows, columns)];
    return { args, units: rows, outputs: [realOutput(out, rows * columns * 2, 0)] };
  },
};

const rowwise =
  (ulps: number, inputs: 1 | 2, floor = 0, low = -4, high = 4): MakeCase =>
  (r) => {
    const [rows, columns] = [r.size(1, 9), r.size(1, 21)];
    const n = rows * columns;
    const out = r.blank(n);
    const first = r.real(n, inputs === 1 ? low : -1, inputs === 1 ? high : 1);
    const rest = inputs === 1 ? [] : [r.real(n, low, high)];
    return { args: [out, first, ...rest, columns], units: rows, outputs: [realOutput(out, n, ulps, floor)] };
  };

export const activationCases: CasesOf<ActivationKernels> = {
  sigmoid: unary(4, -80, 20),
  sigmoidGrad: binary(2, 0.1, 0, 1),
  tanh: unary(4, -10, 10),
  tanhGrad: binary(2, 1, -1, 1),
  relu: unary(0),
  reluGrad: binary(0),
  leakyRelu: withNumber(0, -3, 3, 0, [0.01, 0.5]),
  leakyReluGrad: (r) => {
    const n = r.size(1, 70);
    const out = r.blank(n);
    return { args: [out, r.real(n), r.real(n), 0.125], units: n, outputs: [realOutput(out, n, 0)] };
  },
  gelu: unary(4, -6, 6, 0.5),
  geluGrad: binary(4, 1, -6, 6),
  silu: unary(4, -20, 20),
  siluGrad: binary(4, 1, -20, 20),
  softplus: unary(4, -80, 20),
  softplusGrad: binary(4, 0, -20, 20),
  hardSigmoid: unary(2, -5, 5, 0.5),
  hardSigmoidGrad: binary(1, 0, 0, 1),
  hardSwish: unary(2, -5, 5, 1),
  hardSwishGrad: binary(2, 1, -5, 5),
  erf: unary(4, -4, 4, 1),
  // exp(−x²) carries the rounding of x² ≤ 16: 16 · 2⁻²⁴ is up to 16 ulps, beside those of exp and three products.
  erfGrad: binary(20, 0, -4, 4),
  cosTurns: unary(4, -8, 8, 1),
  cosTurnsGrad: binary(4, 20, -8, 8),
  softmax: rowwise(24, 1, 0, -10, 10),
  softmaxGrad: rowwise(8, 2, 1, 0, 1),
  logSoftmax: rowwise(4, 1, 10, -10, 10),
  logSoftmaxGrad: rowwise(8, 2, 4, -10, 0),
};
