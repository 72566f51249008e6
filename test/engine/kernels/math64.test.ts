import { describe, expect, it } from "vitest";
import { erf64, erfc64, normalCdf64, normalDensity64 } from "../../../src/engine/kernels/erf64.ts";
import {
  cosTurns64,
  exp64,
  expm164,
  log1p64,
  log64,
  powInteger64,
  sigmoid64,
  sinTurns64,
  softplus64,
  tanh64,
} from "../../../src/engine/kernels/math64.ts";
import values from "./math64-values.json" with { type: "json" };

const functions: Record<string, (x: number) => number> = {
  exp: exp64,
  expm1: expm164,
  log: log64,
  log1p: log1p64,
  tanh: tanh64,
  sigmoid: sigmoid64,
  softplus: softplus64,
  erf: erf64,
  erfc: erfc64,
  normalCdf: normalCdf64,
  normalDensity: normalDensity64,
  sinTurns: sinTurns64,
  cosTurns: cosTurns64,
};

/** Largest errors allowed, in ulps of the result. The normal functions round x² or x / √2 before the exponential sees it. */
const bounds: Record<string, number> = {
  tanh: 2,
  sigmoid: 2,
  erfc: 4,
  normalCdf: 80,
  normalDensity: 80,
  sinTurns: 2,
  cosTurns: 2,
};

const ulp64 = (value: number): number => {
  const size = Math.abs(value);
  if (size < 2 ** -1022) return 2 ** -1074;
  return 2 ** (Math.floor(Math.log2(size)) - 52);
};

describe("elementary functions in double precision", () => {
  // Arguments and results with 50 digits from mpmath, rounded once.
  it.each(Object.entries(values))("%s agrees with values of 50 digits", (name, pairs) => {
    const f = functions[name]!;
    for (const [x, y] of pairs as [number, number][]) {
      expect(Math.abs(f(x) - y) / ulp64(y), `${name}(${x})`).toBeLessThanOrEqual(bounds[name] ?? 1.5);
    }
  });
  it("takes the values of the limits", () => {
    const { POSITIVE_INFINITY: inf } = Number;
    expect([exp64(-inf), exp64(inf), exp64(0), exp64(710)]).toEqual([0, inf, 1, inf]);
    expect([log64(0), log64(-1), log64(inf), log64(1)]).toEqual([-inf, Number.NaN, inf, 0]);
    expect([log1p64(-1), log1p64(0), log1p64(1e-300)]).toEqual([-inf, 0, 1e-300]);
    expect([tanh64(inf), tanh64(-inf), tanh64(0)]).toEqual([1, -1, 0]);
    expect([erf64(inf), erf64(-inf), erfc64(inf)]).toEqual([1, -1, 0]);
    expect([exp64(Number.NaN), tanh64(Number.NaN), erf64(Number.NaN)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([sinTurns64(0.5), cosTurns64(0.25), cosTurns64(0), sinTurns64(-0.25)]).toEqual([-0, -0, 1, -1]);
  });
  it("raises to a whole power", () => {
    expect(powInteger64(0.5, 10)).toBe(2 ** -10);
    expect(powInteger64(3, 0)).toBe(1);
    expect(powInteger64(0.999, 100_000)).toBeCloseTo(Math.exp(100_000 * Math.log(0.999)), 50);
  });
});
