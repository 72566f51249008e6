import { erf64, normalCdf64, normalDensity64 } from "../erf64.ts";
import { type ActivationKernels, activationCodes } from "../families/activations.ts";
import { cosTurns64, exp64, log64, sigmoid64, sinTurns64, softplus64, tanh64 } from "../math64.ts";
import type { ReferenceMemory } from "./memory.ts";

const relu = (x: number): number => (x > 0 ? x : Number.isNaN(x) ? x : 0);
const gelu = (x: number): number => x * normalCdf64(x);
const hardSigmoid = (x: number): number => Math.min(Math.max(x / 6 + 0.5, 0), 1);
const silu = (x: number): number => x * sigmoid64(x);

/** The activation of a fused epilogue, by its code. */
export const activationOf = (code: number, slope: number): ((x: number) => number) => {
  switch (code) {
    case activationCodes.relu:
      return relu;
    case activationCodes.leakyRelu:
      return (x) => (x > 0 ? x : slope * x);
    case activationCodes.sigmoid:
      return sigmoid64;
    case activationCodes.tanh:
      return tanh64;
    case activationCodes.gelu:
      return gelu;
    case activationCodes.silu:
      return silu;
    case activationCodes.softplus:
      return softplus64;
    default:
      return (x) => x;
  }
};

/** The values of one row and their largest. */
const readRow = (memory: ReferenceMemory, pointer: number, row: number, columns: number): number[] =>
  Array.from({ length: columns }, (_, j) => memory.get(pointer, row * columns + j));

/** max + ln Σ e^(x − max) */
export const logSumExp = (values: readonly number[]): number => {
  const max = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return max + log64(values.reduce((sum, x) => sum + exp64(x - max), 0));
};

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export const referenceActivations = (memory: ReferenceMemory): ActivationKernels => {
  const { get, set } = memory;
  const forward =
    (f: (x: number) => number) =>
    (out: number, x: number, start: number, end: number): void => {
      for (let i = start; i < end; i++) set(out, i, f(get(x, i)));
    };
  const gradient =
    (derivative: (from: number) => number) =>
    (dx: number, dy: number, from: number, start: number, end: number): void => {
      for (let i = start; i < end; i++) set(dx, i, get(dy, i) * derivative(get(from, i)));
    };
  /** out[row] = f(rows of the inputs), row by row. */
  const byRows = (
    out: number,
    inputs: readonly number[],
    columns: number,
    start: number,
    end: number,
    f: (...rows: number[][]) => number[],
  ): void => {
    for (let i = start; i < end; i++)
      f(...inputs.map((p) => readRow(memory, p, i, columns))).forEach((v, j) => {
        set(out, i * columns + j, v);
      });
  };

  return {
    sigmoid: forward(sigmoid64),
    sigmoidGrad: gradient((y) => y * (1 - y)),
    tanh: forward(tanh64),
    tanhGrad: gradient((y) => 1 - y * y),
    relu: forward(relu),
    reluGrad: (dx, dy, y, start, end) => {
      for (let i = start; i < end; i++) set(dx, i, get(y, i) > 0 ? get(dy, i) : 0);
    },
    leakyRelu: (out, x, slope, start, end) =>
      forward(activationOf(activationCodes.leakyRelu, slope))(out, x, start, end),
    leakyReluGrad: (dx, dy, y, slope, start, end) => gradient((v) => (v > 0 ? 1 : slope))(dx, dy, y, start, end),
    gelu: forward(gelu),
    geluGrad: gradient((x) => normalCdf64(x) + x * normalDensity64(x)),
    silu: forward(silu),
    siluGrad: gradient((x) => sigmoid64(x) * (1 + x * sigmoid64(-x))),
    softplus: forward(softplus64),
    softplusGrad: gradient(sigmoid64),
    hardSigmoid: forward(hardSigmoid),
    hardSigmoidGrad: gradient((y) => (y > 0 && y < 1 ? 1 / 6 : 0)),
    hardSwish: forward((x) => x * hardSigmoid(x)),
    hardSwishGrad: gradient((x) => (x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5)),
    erf: forward(erf64),
    erfGrad: gradient((x) => 1.1283791670955126 * exp64(-x * x)),
    cosTurns: forward(cosTurns64),
    cosTurnsGrad: gradient((x) => -2 * Math.PI * sinTurns64(x)),

    softmax: (out, x, columns, start, end) =>
      byRows(out, [x], columns, start, end, (row = []) => {
        const total = logSumExp(row);
        return row.map((v) => exp64(v - total));
      }),
    softmaxGrad: (dx, dy, y, columns, start, end) =>
      byRows(dx, [dy, y], columns, start, end, (g = [], p = []) => {
        const dot = sum(g.map((v, j) => v * (p[j] as number)));
        return g.map((v, j) => (p[j] as number) * (v - dot));
      }),
    logSoftmax: (out, x, columns, start, end) =>
      byRows(out, [x], columns, start, end, (row = []) => {
        const total = logSumExp(row);
        return row.map((v) => v - total);
      }),
    logSoftmaxGrad: (dx, dy, y, columns, start, end) =>
      byRows(dx, [dy, y], columns, start, end, (g = [], logs = []) => {
        const total = sum(g);
        return g.map((v, j) => v - exp64(logs[j] as number) * total);
      }),
  };
};
