import type { InfoOf } from "../kernel-info.ts";

/** Axes moved, repeated and summed: what the layouts and broadcasts of networks read from files need. */
export interface RearrangementKernels {
  /**
   * out[b, j, i, ·] = x[b, i, j, ·]: x is [batches, first, second, inner], out [batches, second, first, inner].
   * Units: rows of out, batches · second of them, each of first · inner elements.
   */
  swapAxes(out: number, x: number, first: number, second: number, inner: number, start: number, end: number): void;
  /** out[o, t, ·] = x[o, ·]: x is [outer, inner], out [outer, times, inner]; units: rows of out, outer · times. */
  repeatRows(out: number, x: number, times: number, inner: number, start: number, end: number): void;
  /**
   * out[o, i] = factor · Σₜ x[o, t, i]: x is [outer, times, inner], out [outer, inner]; units: rows of out, outer.
   * A sum runs over t in order, in f32 over 64 at a time, then in f64.
   */
  sumRepeated(out: number, x: number, times: number, inner: number, factor: number, start: number, end: number): void;
}

export const rearrangementInfo: InfoOf<RearrangementKernels> = {
  swapAxes: { args: ["out", "x", "first", "second", "inner"], unit: "rows", grain: 1 },
  repeatRows: { args: ["out", "x", "times", "inner"], unit: "rows", grain: 1 },
  sumRepeated: { args: ["out", "x", "times", "inner", "factor"], unit: "rows", grain: 1 },
};
