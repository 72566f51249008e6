import type { activationCodes } from "../../kernels/families/activations.ts";
import { columnsOf, rowsOf, sizeOf } from "../../tensor/shape.ts";
import type { TensorType, Value } from "../graph.ts";
import { onceDifferentiable, op } from "../op.ts";

/** Activations whose gradient can be had from the output: these may stand in the epilogue of a product, which keeps no input of theirs. */
export const epilogueActivations = ["identity", "relu", "leakyRelu", "sigmoid", "tanh"] as const;
export type EpilogueActivation = (typeof epilogueActivations)[number];
export type ElementActivation =
  | Exclude<keyof typeof activationCodes, "identity">
  | "hardSigmoid"
  | "hardSwish"
  | "erf"
  | "cosTurns";

export interface ActivationAttributes {
  readonly kind: ElementActivation;
  /** Of leakyRelu. */
  readonly slope: number;
}

export const isEpilogue = (kind: string): kind is EpilogueActivation =>
  (epilogueActivations as readonly string[]).includes(kind);

/** Rough floating-point operations of an element, exponentials counted as about a dozen. */
const flopsOf: Record<ElementActivation, number> = {
  relu: 1,
  leakyRelu: 2,
  sigmoid: 15,
  tanh: 18,
  gelu: 30,
  silu: 16,
  softplus: 25,
  hardSigmoid: 4,
  hardSwish: 5,
  erf: 30,
  cosTurns: 20,
};

const sameAsX = ({ x }: { x: TensorType }): { out: TensorType } => ({ out: { shape: x.shape, dtype: "float" } });

/** out = f(x), element by element; the formulas are those of the kernels of the same names. */
export const activation = op("activation", {
  inputs: ["x"],
  shape: sameAsX,
  forward: ({ k }, { x, out }, { kind, slope }: ActivationAttributes, types) => {
    const units = sizeOf(types.out.shape);
    if (kind === "leakyRelu") k.leakyRelu(out, x, slope, units);
    else k[kind](out, x, units);
  },
  vjp: (g, { x, out }, { kind, slope }) => ({
    x: activationGradient({ g, saved: isEpilogue(kind) || kind === "hardSigmoid" ? out : x }, { kind, slope }).out,
  }),
  cost: (types, { kind }) => flopsOf[kind] * sizeOf(types.out.shape),
});

/** out = g · f′, from the activation's output where that is enough (see epilogueActivations), from its input otherwise. */
export const activationGradient = op("activationGradient", {
  inputs: ["g", "saved"],
  shape: ({ g }) => ({ out: g }),
  forward: ({ k }, { g, saved, out }, { kind, slope }: ActivationAttributes, types) => {
    const units = sizeOf(types.out.shape);
    if (kind === "leakyRelu") k.leakyReluGrad(out, g, saved, slope, units);
    else k[`${kind}Grad`](out, g, saved, units);
  },
  vjp: onceDifferentiable("activationGradient"),
  cost: (types, { kind }) => flopsOf[kind] * sizeOf(types.out.shape),
});

/** The gradient before an epilogue's activation, from the gradient after it. */
export const throughEpilogue = (g: Value, out: Value, kind: EpilogueActivation, slope: number): Value =>
  kind === "identity" ? g : activationGradient({ g, saved: out }, { kind, slope }).out;

/** out[i, j] = e^x[i, j] / Σⱼ e^x[i, j]; dx = out · (g − Σⱼ g·out) */
export const softmax = op("softmax", {
  inputs: ["x"],
  shape: sameAsX,
  forward: ({ k }, { x, out }, _attributes, types) =>
    k.softmax(out, x, columnsOf(types.x.shape), rowsOf(types.x.shape)),
  vjp: (g, { out }) => ({ x: softmaxGradient({ g, saved: out }, { logarithm: false }).out }),
  cost: (types) => 15 * sizeOf(types.x.shape),
});

/** out[i, j] = x[i, j] − ln Σⱼ e^x[i, j]; dx = g − e^out · Σⱼ g */
export const logSoftmax = op("logSoftmax", {
  inputs: ["x"],
  shape: sameAsX,
  forward: ({ k }, { x, out }, _attributes, types) =>
    k.logSoftmax(out, x, columnsOf(types.x.shape), rowsOf(types.x.shape)),
  vjp: (g, { out }) => ({ x: softmaxGradient({ g, saved: out }, { logarithm: true }).out }),
  cost: (types) => 15 * sizeOf(types.x.shape),
});

/** The gradient of softmax, or of its logarithm, from its output. */
export const softmaxGradient = op("softmaxGradient", {
  inputs: ["g", "saved"],
  shape: ({ g }) => ({ out: g }),
  forward: ({ k }, { g, saved, out }, { logarithm }: { logarithm: boolean }, types) =>
    k[logarithm ? "logSoftmaxGrad" : "softmaxGrad"](out, g, saved, columnsOf(types.g.shape), rowsOf(types.g.shape)),
  vjp: onceDifferentiable("softmaxGradient"),
  cost: (types) => 4 * sizeOf(types.g.shape),
});
