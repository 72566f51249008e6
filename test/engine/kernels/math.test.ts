import { beforeAll, describe, expect, it } from "vitest";
import { ulpOf } from "../../../src/engine/kernels/cases/case.ts";
import { normalCdf64 } from "../../../src/engine/kernels/erf64.ts";
import type { Kernels } from "../../../src/engine/kernels/interface.ts";
import { compileKernels, instantiateKernels } from "../../../src/engine/kernels/load.ts";
import { exp64, log64, sigmoid64, softplus64, tanh64 } from "../../../src/engine/kernels/math64.ts";

const count = 200_000;
const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
const [xs, ys] = [new Float32Array(memory.buffer, 64, count), new Float32Array(memory.buffer, 1 << 20, count)];
let wasm: Kernels;
beforeAll(async () => {
  wasm = instantiateKernels(await compileKernels(), memory);
});

type Unary = "exp" | "log" | "tanh" | "sigmoid" | "softplus" | "gelu" | "silu";

/** Applies a kernel to these numbers. */
const apply = (kernel: Unary, inputs: readonly number[]): number[] => {
  xs.set(inputs);
  wasm[kernel](ys.byteOffset, xs.byteOffset, 0, inputs.length);
  return Array.from(ys.subarray(0, inputs.length));
};

/** Largest error in ulps, over evenly spaced numbers from low to high; below `floor` the ulp of `floor` counts. */
const worst = (kernel: Unary, truth: (x: number) => number, low: number, high: number, floor = 0): number => {
  for (let i = 0; i < count; i++) xs[i] = low + ((high - low) * (i + 0.5)) / count;
  wasm[kernel](ys.byteOffset, xs.byteOffset, 0, count);
  let error = 0;
  for (let i = 0; i < count; i++) {
    const right = truth(xs[i] as number);
    error = Math.max(error, Math.abs((ys[i] as number) - right) / ulpOf(Math.max(Math.abs(right), floor)));
  }
  return error;
};

describe("elementary functions in f32, against double precision", () => {
  it("exp errs by less than 1.1 ulp, and gives 0 for subnormal results", () => {
    expect(worst("exp", exp64, -87, 88.7)).toBeLessThan(1.1);
    expect(apply("exp", [-87.33, -87.35, -100])).toEqual([Math.fround(exp64(Math.fround(-87.33))), 0, 0]);
    expect(worst("exp", exp64, -0.5, 0.5)).toBeLessThan(1.1);
  });
  it("log errs by less than 1 ulp", () => {
    expect(worst("log", log64, 0, 4)).toBeLessThan(1);
    expect(worst("log", log64, 0.9, 1.1)).toBeLessThan(1);
    expect(worst("log", log64, 0, 1e-38)).toBeLessThan(1);
    expect(worst("log", log64, 1, 3e38)).toBeLessThan(1);
  });
  it("tanh errs by less than 2 ulp", () => {
    expect(worst("tanh", tanh64, -10, 10)).toBeLessThan(2);
    expect(worst("tanh", tanh64, -0.7, 0.7)).toBeLessThan(2);
  });
  it("sigmoid errs by less than 3 ulp, far into its left tail", () => {
    expect(worst("sigmoid", sigmoid64, -87, 20)).toBeLessThan(3);
    expect(worst("sigmoid", sigmoid64, -2, 2)).toBeLessThan(3);
  });
  it("softplus errs by less than 3 ulp", () => {
    expect(worst("softplus", softplus64, -87, 20)).toBeLessThan(3);
    expect(worst("softplus", softplus64, -2, 2)).toBeLessThan(3);
  });
  it("gelu errs by less than 2 ulp of the size of x / 2 on the left, and less than 3 ulp on the right", () => {
    const gelu = (x: number): number => x * normalCdf64(x);
    expect(worst("gelu", gelu, 0.01, 10)).toBeLessThan(3);
    expect(worst("gelu", gelu, -6, 0, 0.5)).toBeLessThan(2);
  });
  it("silu errs by less than 4 ulp", () => {
    expect(worst("silu", (x) => x * sigmoid64(x), -80, 20)).toBeLessThan(4);
  });
});

describe("elementary functions at the ends of their range", () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  it("exp", () => expect(apply("exp", [-inf, -200, 0, 89, inf, nan])).toEqual([0, 0, 1, inf, inf, nan]));
  it("log", () => expect(apply("log", [-1, 0, -0, 1, inf, nan])).toEqual([nan, -inf, -inf, 0, inf, nan]));
  it("tanh", () => expect(apply("tanh", [-inf, -50, 0, 50, inf, nan])).toEqual([-1, -1, 0, 1, 1, nan]));
  it("sigmoid", () => expect(apply("sigmoid", [-inf, -200, 0, 200, inf, nan])).toEqual([0, 0, 0.5, 1, 1, nan]));
  it("softplus", () => expect(apply("softplus", [-inf, -200, 200, inf, nan])).toEqual([0, 0, 200, inf, nan]));
});
