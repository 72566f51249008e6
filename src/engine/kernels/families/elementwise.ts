import type { InfoOf } from "../kernel-info.ts";

/** Element by element: `out` may be the same tensor as an input. Units: elements (broadcasts and strided copies: rows). */
export interface ElementwiseKernels {
  /** out[i] = value */
  fill(out: number, value: number, start: number, end: number): void;
  /** out[i] = x[i] (also the identity activation, and its gradient) */
  copy(out: number, x: number, start: number, end: number): void;
  /** out[i] = a[i] + b[i] */
  add(out: number, a: number, b: number, start: number, end: number): void;
  /** out[i] = a[i] − b[i] */
  sub(out: number, a: number, b: number, start: number, end: number): void;
  /** out[i] = a[i] · b[i] */
  mul(out: number, a: number, b: number, start: number, end: number): void;
  /** out[i] = a[i] / b[i] */
  div(out: number, a: number, b: number, start: number, end: number): void;
  /** out[i] += factor · x[i] */
  axpy(out: number, x: number, factor: number, start: number, end: number): void;
  /** out[i] = factor · x[i] */
  scale(out: number, x: number, factor: number, start: number, end: number): void;
  /** out[i] = x[i] + value */
  addConstant(out: number, x: number, value: number, start: number, end: number): void;
  /** out[i] = x[i] held between −limit and limit; a NaN stays NaN. */
  clamp(out: number, x: number, limit: number, start: number, end: number): void;
  /** out[i] = x[i] held between low and high, either of which may be infinite; a NaN stays NaN. */
  clip(out: number, x: number, low: number, high: number, start: number, end: number): void;
  /** dx[i] = dy[i] where low < y[i] < high, y being clip's output, else 0 */
  clipGrad(dx: number, dy: number, y: number, low: number, high: number, start: number, end: number): void;
  /** out[i] = −x[i] */
  neg(out: number, x: number, start: number, end: number): void;
  /** out[i] = |x[i]| */
  abs(out: number, x: number, start: number, end: number): void;
  /** out[i] = −1, 0 or 1 (0 for a NaN) */
  sign(out: number, x: number, start: number, end: number): void;
  /** out[i] = x[i]² */
  square(out: number, x: number, start: number, end: number): void;
  /** out[i] = √x[i], correctly rounded */
  sqrt(out: number, x: number, start: number, end: number): void;
  /** out[i] = 1 / x[i] */
  reciprocal(out: number, x: number, start: number, end: number): void;
  /** out[i] = eˣ; 0 where the result would be subnormal (x < −87.3) */
  exp(out: number, x: number, start: number, end: number): void;
  /** out[i] = ln x; −∞ at 0, NaN below */
  log(out: number, x: number, start: number, end: number): void;
  /** out[i] = x^exponent as e^(exponent · ln x), for x ≥ 0; relative error about 2⁻²³ · (1 + |exponent · ln x|) */
  pow(out: number, x: number, exponent: number, start: number, end: number): void;

  /**
   * out[i, j] = a[i, j] + b[i, j] over rows i and columns j; units: rows.
   * The element (i, j) of an input is at i · row + j · column (strides in elements, 0 repeats): a row vector has strides (0, 1), a column vector (1, 0),
   * a scalar (0, 0), a transposed matrix (1, ld). `outRow` is the row stride of `out`; its columns are adjacent.
   */
  addBroadcast(...args: BroadcastArguments): void;
  /** out[i, j] = a[i, j] − b[i, j]; otherwise as addBroadcast. */
  subBroadcast(...args: BroadcastArguments): void;
  /** out[i, j] = a[i, j] · b[i, j]; otherwise as addBroadcast. */
  mulBroadcast(...args: BroadcastArguments): void;
  /** out[i, j] = a[i, j] / b[i, j]; otherwise as addBroadcast. */
  divBroadcast(...args: BroadcastArguments): void;
  /** out[i · outRow + j · outColumn] = x[i · xRow + j · xColumn] for j < columns: slice, concat, transpose, repeat; units: rows i. */
  copyStrided(
    out: number,
    x: number,
    columns: number,
    outRow: number,
    outColumn: number,
    xRow: number,
    xColumn: number,
    start: number,
    end: number,
  ): void;
}

export type BroadcastArguments = [
  out: number,
  a: number,
  b: number,
  columns: number,
  outRow: number,
  aRow: number,
  aColumn: number,
  bRow: number,
  bColumn: number,
  start: number,
  end: number,
];

const unary = { args: ["out", "x"], unit: "elements", grain: 16 } as const;
const binary = { args: ["out", "a", "b"], unit: "elements", grain: 16 } as const;
const broadcast = {
  args: ["out", "a", "b", "columns", "outRow", "aRow", "aColumn", "bRow", "bColumn"],
  unit: "rows",
  grain: 1,
} as const;

export const elementwiseInfo: InfoOf<ElementwiseKernels> = {
  fill: { args: ["out", "value"], unit: "elements", grain: 16 },
  copy: unary,
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  axpy: { args: ["out", "x", "factor"], unit: "elements", grain: 16 },
  scale: { args: ["out", "x", "factor"], unit: "elements", grain: 16 },
  addConstant: { args: ["out", "x", "value"], unit: "elements", grain: 16 },
  clamp: { args: ["out", "x", "limit"], unit: "elements", grain: 16 },
  clip: { args: ["out", "x", "low", "high"], unit: "elements", grain: 16 },
  clipGrad: { args: ["dx", "dy", "y", "low", "high"], unit: "elements", grain: 16 },
  neg: unary,
  abs: unary,
  sign: unary,
  square: unary,
  sqrt: unary,
  reciprocal: unary,
  exp: unary,
  log: unary,
  pow: { args: ["out", "x", "exponent"], unit: "elements", grain: 16 },
  addBroadcast: broadcast,
  subBroadcast: broadcast,
  mulBroadcast: broadcast,
  divBroadcast: broadcast,
  copyStrided: { args: ["out", "x", "columns", "outRow", "outColumn", "xRow", "xColumn"], unit: "rows", grain: 1 },
};
