import { sizeOf } from "../../tensor/shape.ts";
import type { Value } from "../graph.ts";
import { op } from "../op.ts";

interface DropoutAttributes {
  readonly rate: number;
  /** Which of the model's dropout layers this is: part of the random counter. */
  readonly purpose: number;
}

/**
 * out = x / (1 − rate) where a uniform random number is ≥ rate, else 0 (Srivastava et al. 2014). `state` holds seed and step, so the mask is the same in the
 * gradient and no memory keeps it: dx = dropout of g.
 */
export const dropout = op("dropout", {
  inputs: ["x", "state"],
  shape: ({ x }) => ({ out: x }),
  forward: ({ k }, { x, state, out }, { rate, purpose }: DropoutAttributes, types) =>
    k.dropout(out, x, state, purpose, rate, sizeOf(types.x.shape)),
  vjp: (g, { state }, attributes) => ({ x: dropped(g, state, attributes), state: null }),
  cost: (types) => 25 * sizeOf(types.x.shape),
});

export const dropped = (x: Value, state: Value, attributes: DropoutAttributes): Value =>
  dropout({ x, state }, attributes).out;
