import type { BroadcastArguments, ElementwiseKernels } from "../families/elementwise.ts";
import { exp64, log64 } from "../math64.ts";
import type { ReferenceMemory } from "./memory.ts";

type Unary = (out: number, x: number, start: number, end: number) => void;
type Binary = (out: number, a: number, b: number, start: number, end: number) => void;
type Operator = (a: number, b: number) => number;

/** x^p as e^(p ln x), with the values at the ends of its range that Math.pow has. */
const power = (x: number, p: number): number => (p === 0 ? 1 : exp64(p * log64(x)));

export const referenceElementwise = ({ get, set }: ReferenceMemory): ElementwiseKernels => {
  const unary =
    (f: (x: number) => number): Unary =>
    (out, x, start, end) => {
      for (let i = start; i < end; i++) set(out, i, f(get(x, i)));
    };
  const binary =
    (f: Operator): Binary =>
    (out, a, b, start, end) => {
      for (let i = start; i < end; i++) set(out, i, f(get(a, i), get(b, i)));
    };
  const broadcast =
    (f: Operator) =>
    (...[out, a, b, columns, outRow, aRow, aColumn, bRow, bColumn, start, end]: BroadcastArguments): void => {
      for (let i = start; i < end; i++)
        for (let j = 0; j < columns; j++)
          set(out, i * outRow + j, f(get(a, i * aRow + j * aColumn), get(b, i * bRow + j * bColumn)));
    };
  const plus: Operator = (a, b) => a + b;
  const minus: Operator = (a, b) => a - b;
  const times: Operator = (a, b) => a * b;
  const over: Operator = (a, b) => a / b;

  return {
    fill: (out, value, start, end) => unary(() => value)(out, out, start, end),
    copy: unary((x) => x),
    add: binary(plus),
    sub: binary(minus),
    mul: binary(times),
    div: binary(over),
    axpy: (out, x, factor, start, end) => binary((a, b) => a + factor * b)(out, out, x, start, end),
    scale: (out, x, factor, start, end) => unary((v) => factor * v)(out, x, start, end),
    addConstant: (out, x, value, start, end) => unary((v) => v + value)(out, x, start, end),
    clip: (out, x, low, high, start, end) => unary((v) => Math.min(Math.max(v, low), high))(out, x, start, end),
    clipGrad: (dx, dy, y, low, high, start, end) => {
      for (let i = start; i < end; i++) set(dx, i, get(y, i) > low && get(y, i) < high ? get(dy, i) : 0);
    },
    clamp: (out, x, limit, start, end) => unary((v) => Math.min(Math.max(v, -limit), limit))(out, x, start, end),
    neg: unary((x) => -x),
    abs: unary(Math.abs),
    sign: unary((x) => (x > 0 ? 1 : x < 0 ? -1 : 0)),
    square: unary((x) => x * x),
    sqrt: unary(Math.sqrt),
    reciprocal: unary((x) => 1 / x),
    exp: unary(exp64),
    log: unary(log64),
    pow: (out, x, exponent, start, end) => unary((v) => power(v, exponent))(out, x, start, end),
    addBroadcast: broadcast(plus),
    subBroadcast: broadcast(minus),
    mulBroadcast: broadcast(times),
    divBroadcast: broadcast(over),
    copyStrided: (out, x, columns, outRow, outColumn, xRow, xColumn, start, end) => {
      for (let i = start; i < end; i++)
        for (let j = 0; j < columns; j++) set(out, i * outRow + j * outColumn, get(x, i * xRow + j * xColumn));
    },
  };
};
