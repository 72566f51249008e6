import { z } from "zod";
import { anyFloat32, positiveFloat32 } from "../../../float32.ts";
import { limits } from "../../../limits.ts";

export const units = z.int().min(1).max(limits.unitsPerLayer);

export const Activation = z
  .enum(["identity", "sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu", "softmax"])
  .meta({
    id: "Activation",
    description:
      "What a layer makes of its sums: `identity` x; `sigmoid` σ(x) = 1/(1 + e⁻ˣ); `tanh`; `relu` max(x, 0); `leaky_relu` x, or x/100 below 0; `gelu` x·Φ(x), Φ the normal distribution function; `silu` x·σ(x); `softmax` e^xⱼ / Σ e^x over the layer's units.",
  });

export const Initializer = z
  .union([
    z.enum(["zeros", "xavier", "xavier_uniform", "he", "he_average"]).meta({ title: "By name" }),
    z
      .strictObject({ type: z.literal("constant"), value: anyFloat32.describe("The value of each weight.") })
      .meta({ id: "ConstantInitializer", title: "Constant", description: "Every weight alike." }),
    z
      .strictObject({
        type: z.literal("normal"),
        standardDeviation: positiveFloat32.default(0.01).describe("Of the weights, around 0."),
      })
      .meta({ id: "NormalInitializer", title: "Normal", description: "N(0, standardDeviation²)" }),
    z
      .strictObject({
        type: z.literal("uniform"),
        limit: positiveFloat32.default(0.05).describe("Weights lie between −limit and limit."),
      })
      .meta({ id: "UniformInitializer", title: "Uniform", description: "U(−limit, limit)" }),
  ])
  .meta({
    id: "Initializer",
    title: "Initialiser",
    description:
      "How weights begin; biases begin at 0. `he` N(0, 2/n_in), `he_average` N(0, 4/(n_in + n_out)), `xavier` (Glorot) N(0, 2/(n_in + n_out)), `xavier_uniform` U(±√(6/(n_in + n_out))), the second argument of N being the variance and n the units on either side. `zeros` and `constant` leave the units of a hidden layer alike.",
  });

export const BatchNorm = z
  .strictObject({
    position: z.enum(["before", "after"]).default("before").describe("Before the activation or after it."),
    momentum: z
      .number()
      .gt(0)
      .max(1)
      .default(0.1)
      .describe("Weight of the new mini-batch in the running averages (PyTorch's convention)."),
    epsilon: positiveFloat32.default(1e-5).describe("ε, added to the variance."),
  })
  .meta({
    id: "BatchNorm",
    title: "On",
    description:
      "γ·(z − μ)/√(σ² + ε) + β (Ioffe & Szegedy 2015) with the mini-batch's mean and biased variance; at inference, and in frozen layers, with running averages.",
  });

export const activation = Activation.default("relu");
export const batchNorm = z
  .union([z.boolean().meta({ title: "On or off" }), BatchNorm])
  .default(false)
  .describe("Batch normalisation; `true`: with its defaults.");

export type Activation = z.infer<typeof Activation>;
export type Initializer = z.infer<typeof Initializer>;
export type BatchNorm = z.infer<typeof BatchNorm>;
