import { z } from "zod";
import { anyFloat32, positiveFloat32 } from "../../float32.ts";
import { limits } from "../../limits.ts";

const units = z.int().min(1).max(limits.unitsPerLayer);
const probability = z.number().min(0).max(1);

/**
 * identity x · sigmoid σ(x) = 1/(1 + e⁻ˣ) · tanh · relu max(x, 0) · leaky_relu x or x/100 below 0 · gelu x·Φ(x), Φ the normal distribution function ·
 * silu x·σ(x) · softmax e^xⱼ / Σ e^x over a layer's units
 */
export const Activation = z
  .enum(["identity", "sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu", "softmax"])
  .meta({ id: "Activation" });

/**
 * `he` is N(0, 2/n_in), `he_average` N(0, 4/(n_in+n_out)), `xavier` (Glorot) N(0, 2/(n_in+n_out)), `xavier_uniform` U(±√(6/(n_in+n_out))), the second
 * argument of N being the variance; `normal` N(0, standardDeviation²), `uniform` U(±limit). `zeros` and `constant` leave the units of a hidden layer alike.
 */
export const Initializer = z
  .union([
    z.enum(["zeros", "xavier", "xavier_uniform", "he", "he_average"]),
    z.strictObject({ type: z.literal("constant"), value: anyFloat32 }),
    z.strictObject({ type: z.literal("normal"), standardDeviation: positiveFloat32.default(0.01) }),
    z.strictObject({ type: z.literal("uniform"), limit: positiveFloat32.default(0.05) }),
  ])
  .meta({ id: "Initializer" });

/**
 * Batch normalisation (Ioffe & Szegedy 2015): γ·(z − μ)/√(σ² + ε) + β with the mini-batch's mean and biased variance, before the activation or after it; at
 * inference and in frozen layers with running averages. `momentum` is the weight of the new mini-batch in the running averages (PyTorch's convention).
 */
export const BatchNorm = z
  .strictObject({
    position: z.enum(["before", "after"]).default("before"),
    momentum: z.number().gt(0).max(1).default(0.1),
    epsilon: positiveFloat32.default(1e-5),
  })
  .meta({ id: "BatchNorm" });

const batchNorm = z.union([z.boolean(), BatchNorm]);
const pair = z.union([z.int().min(1).max(1024), z.tuple([z.int().min(1).max(1024), z.int().min(1).max(1024)])]);
const padding = z.union([z.literal("same"), z.literal("valid"), z.int().min(0).max(1024)]);

/**
 * out[y, x, f] = Σ in[y·stride + i·dilation − pad, x·stride + j·dilation − pad, c] · w[i, j, c, f] + b[f], over the kernel's taps and the channels of f's
 * group. `padding` "same": as many output pixels as input pixels divided by the stride; "valid": none; or rows and columns of zeros on each side.
 */
const Conv2d = z.strictObject({
  type: z.literal("conv2d"),
  filters: units,
  kernel: pair.default(3),
  stride: pair.default(1),
  padding: padding.default("valid"),
  dilation: pair.default(1),
  groups: z.int().min(1).default(1),
  activation: Activation.default("relu"),
  batchNorm: batchNorm.default(false),
});
/** The largest, or the mean, of each window; stride: the window's size when left out. */
const Pool = z.strictObject({
  type: z.enum(["max_pool", "average_pool"]),
  size: pair.default(2),
  stride: pair.optional(),
  padding: z.int().min(0).max(512).default(0),
});
const GlobalAveragePool = z.strictObject({ type: z.literal("global_average_pool") });
const Dropout = z.strictObject({ type: z.literal("dropout"), rate: probability });
const Dense = z.strictObject({
  type: z.literal("dense"),
  units,
  activation: Activation.default("relu"),
  batchNorm: batchNorm.default(false),
});
const PlainLayer = z.discriminatedUnion("type", [Conv2d, Pool, GlobalAveragePool, Dropout, Dense]);

/** x + f(x): the branch must keep the shape. */
const Residual = z.strictObject({ type: z.literal("residual"), layers: z.array(PlainLayer).min(1).max(32) });
/** The branches' channels side by side: height and width must agree. */
const Concat = z.strictObject({
  type: z.literal("concat"),
  branches: z.array(z.array(PlainLayer).max(32)).min(2).max(8),
});

/** A layer of a CNN. The first `dense` (or the head) flattens what comes before it. */
export const CnnLayer = z
  .discriminatedUnion("type", [Conv2d, Pool, GlobalAveragePool, Dropout, Dense, Residual, Concat])
  .meta({ id: "CnnLayer" });

export const ModelSpec = z
  .discriminatedUnion("type", [
    /** Linear regression: ŷ = x·W + b. */
    z.strictObject({
      type: z.literal("linear"),
      initializer: Initializer.default("zeros"),
      /** `false`: through the origin, b = 0; of exact solutions only. Left out: with an intercept. */
      intercept: z.boolean().optional(),
    }),
    /** Logistic regression, two classes: P(1) = σ(x·w + b). */
    z.strictObject({ type: z.literal("logistic"), initializer: Initializer.default("zeros") }),
    /** Softmax (multinomial logistic) regression: P(j) = e^zⱼ / Σ e^z, z = x·W + b. */
    z.strictObject({ type: z.literal("softmax"), initializer: Initializer.default("zeros") }),
    /** Poisson regression: the label is a count with rate e^(x·w + b). */
    z.strictObject({ type: z.literal("poisson"), initializer: Initializer.default("zeros") }),
    /** Multilayer perceptron: h ← f(h·W + b) through the hidden layers, then a linear output. Dropout keeps h/(1 − rate) or 0. */
    z.strictObject({
      type: z.literal("mlp"),
      hidden: z.array(units).min(1).max(limits.hiddenLayers).default([64, 32]),
      activation: Activation.default("relu"),
      initializer: Initializer.default("he"),
      batchNorm: batchNorm.default(false),
      dropout: z.number().min(0).lt(1).default(0),
    }),
    /** Convolutional network: its layers in turn, then a linear output on what they make of the image. */
    z.strictObject({
      type: z.literal("cnn"),
      /** Height, width and channels of the image that a row's features are, in row-major H×W×C order; inferred when the features are a square. */
      input: z.strictObject({ height: units, width: units, channels: z.int().min(1).max(4096).default(1) }).optional(),
      layers: z
        .array(CnnLayer)
        .min(1)
        .max(256)
        .default([
          {
            type: "conv2d",
            filters: 16,
            kernel: 3,
            stride: 1,
            padding: "same",
            dilation: 1,
            groups: 1,
            activation: "relu",
            batchNorm: false,
          },
          { type: "max_pool", size: 2, padding: 0 },
          { type: "dense", units: 64, activation: "relu", batchNorm: false },
        ]),
      initializer: Initializer.default("he"),
    }),
    /** x̂ = decoder(encoder(x)): the code is a linear layer, its loss the distance of x̂ from x. */
    z.strictObject({
      type: z.literal("autoencoder"),
      /** Units of the encoder; its last is the code. The decoder mirrors it. */
      encoder: z.array(units).min(1).max(limits.hiddenLayers).default([32, 8]),
      activation: Activation.default("relu"),
      initializer: Initializer.default("he"),
      batchNorm: batchNorm.default(false),
      dropout: z.number().min(0).lt(1).default(0),
    }),
    /** p(x) = Σ πₖ N(x; μₖ, Σₖ) by expectation-maximisation in logarithms (Dempster, Laird & Rubin 1977), started by k-means++. */
    z.strictObject({
      type: z.literal("gaussian_mixture"),
      /** A number, or a range from which the lowest BIC = p·ln n − 2·ln L chooses. */
      components: z
        .union([z.int().min(1).max(256), z.strictObject({ from: z.int().min(1), to: z.int().max(64) })])
        .default({ from: 1, to: 8 }),
      covariance: z.enum(["full", "diagonal", "spherical", "tied"]).default("full"),
      regularization: z.number().min(0).default(1e-6),
      restarts: z.int().min(1).max(100).default(5),
    }),
    /** Lloyd's iterations (1982) on Σ |x − c(x)|², started by k-means++ (Arthur & Vassilvitskii 2007). */
    z.strictObject({
      type: z.literal("k_means"),
      clusters: z
        .union([z.int().min(1).max(4096), z.strictObject({ from: z.int().min(1), to: z.int().max(64) })])
        .default(3),
      restarts: z.int().min(1).max(100).default(10),
    }),
  ])
  .meta({ id: "ModelSpec" });

export type ModelSpec = z.infer<typeof ModelSpec>;
export type CnnLayer = z.infer<typeof CnnLayer>;
export type Activation = z.infer<typeof Activation>;
export type Initializer = z.infer<typeof Initializer>;
export type BatchNorm = z.infer<typeof BatchNorm>;
