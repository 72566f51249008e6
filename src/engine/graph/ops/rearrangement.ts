import { type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Value } from "../graph.ts";
import { mustFit, op } from "../op.ts";
import { scaled } from "./elementwise.ts";
import { reshaped } from "./reshape.ts";

/** A tensor seen as [batches, first, second, inner]. */
interface Axes {
  readonly first: number;
  readonly second: number;
  readonly inner: number;
}

/** out[b, j, i, ·] = x[b, i, j, ·], of x seen as [batches, first, second, inner]; the gradient is swapped back. */
export const swapAxes = op("swapAxes", {
  inputs: ["x"],
  shape: ({ x }, { first, second, inner }: Axes) => {
    const batches = sizeOf(x.shape) / (first * second * inner);
    mustFit(Number.isInteger(batches), `${showShape(x.shape)} has no axes of ${first}, ${second} and ${inner}`);
    return { out: { shape: [batches, second, first, inner], dtype: "float" } };
  },
  forward: ({ k }, { x, out }, { first, second, inner }, types) =>
    k.swapAxes(out, x, first, second, inner, types.out.shape[0]! * second),
  vjp: (g, { x }, { first, second, inner }) => ({
    x: reshaped(swapped(g, { first: second, second: first, inner }), x.shape),
  }),
  cost: () => 0,
});

export const swapped = (x: Value, axes: Axes): Value => swapAxes({ x }, axes).out;

/** A tensor seen as [outer, inner], each row of it `times` times. */
interface Repetition {
  readonly times: number;
  readonly inner: number;
}

const outerOf = (shape: Shape, size: number): number => {
  const outer = sizeOf(shape) / size;
  mustFit(Number.isInteger(outer), `${showShape(shape)} is not made of rows of ${size}`);
  return outer;
};

/** out[o, t, ·] = x[o, ·]: [outer, inner] → [outer, times, inner]; the gradient is the sum over t. */
export const repeat = op("repeat", {
  inputs: ["x"],
  shape: ({ x }, { times, inner }: Repetition) => ({
    out: { shape: [outerOf(x.shape, inner), times, inner], dtype: "float" },
  }),
  forward: ({ k }, { x, out }, { times, inner }, types) =>
    k.repeatRows(out, x, times, inner, types.out.shape[0]! * times),
  vjp: (g, { x }, { times, inner }) => ({ x: reshaped(summed(g, { times, inner, factor: 1 }), x.shape) }),
  cost: () => 0,
});

export const repeated = (x: Value, repetition: Repetition): Value => repeat({ x }, repetition).out;

/** out[o, ·] = factor · Σₜ x[o, t, ·]: [outer, times, inner] → [outer, inner]; the gradient is repeated over t. */
export const sumRepeats = op("sumRepeats", {
  inputs: ["x"],
  shape: ({ x }, { times, inner }: Repetition & { readonly factor: number }) => ({
    out: { shape: [outerOf(x.shape, times * inner), inner], dtype: "float" },
  }),
  forward: ({ k }, { x, out }, { times, inner, factor }, types) => {
    // A sum over adjacent elements is the faster kernel's.
    if (inner === 1) k.sumColumns(out, x, times, factor, types.out.shape[0]!);
    else k.sumRepeated(out, x, times, inner, factor, types.out.shape[0]!);
  },
  vjp: (g, { x }, { times, inner, factor }) => ({
    x: reshaped(repeated(factor === 1 ? g : scaled(g, factor), { times, inner }), x.shape),
  }),
  cost: (types) => sizeOf(types.x.shape),
});

export const summed = (x: Value, sum: Repetition & { readonly factor: number }): Value => sumRepeats({ x }, sum).out;
