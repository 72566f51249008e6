import type { Activation } from "../../domain/jobs/spec/parts/units.ts";
import type { Value } from "../graph/graph.ts";
import {
  activation,
  type ElementActivation,
  type EpilogueActivation,
  isEpilogue,
  softmax,
} from "../graph/ops/activation.ts";

/** The slope of leaky ReLU below 0 (Maas et al. 2013, PyTorch's default). */
export const leakySlope = 0.01;

const kinds: { readonly [A in Activation]: ElementActivation | "identity" | "softmax" } = {
  identity: "identity",
  sigmoid: "sigmoid",
  tanh: "tanh",
  relu: "relu",
  leaky_relu: "leakyRelu",
  gelu: "gelu",
  silu: "silu",
  softmax: "softmax",
};

/** What of an activation can be computed in the epilogue of the op before it, and what is left for an op of its own. */
export const splitActivation = (name: Activation): { epilogue: EpilogueActivation; rest: (x: Value) => Value } => {
  const kind = kinds[name];
  if (isEpilogue(kind)) return { epilogue: kind, rest: (x) => x };
  const rest = (x: Value): Value =>
    kind === "softmax" ? softmax({ x }, {}).out : activation({ x }, { kind: kind as ElementActivation, slope: 0 }).out;
  return { epilogue: "identity", rest };
};

export const isRectifier = (name: Activation): boolean => name === "relu";
