import { z } from "zod";
import { limits } from "../../limits.ts";
import { CnnLayer } from "./parts/cnn-layer.ts";
import { quantileLevel } from "./parts/loss-spec.ts";
import { dropout, EnsembleMember, mlpFields } from "./parts/mlp-spec.ts";
import { activation, batchNorm, Initializer, units } from "./parts/units.ts";

const initializer = (value: "zeros" | "he") => Initializer.default(value);
const restarts = (value: number) =>
  z.int().min(1).max(100).default(value).describe("Runs from other starts, of which the best is kept.");
const range = z
  .strictObject({ from: z.int().min(1).describe("The least."), to: z.int().max(64).describe("The most.") })
  .meta({
    id: "CountRange",
    title: "The best of a range",
    description: "Each number from the least to the most is tried.",
  });

const smallCnn = [
  {
    ...{ type: "conv2d" as const, filters: 16, kernel: 3, stride: 1, padding: "same" as const, dilation: 1, groups: 1 },
    ...{ activation: "relu" as const, batchNorm: false },
  },
  { type: "max_pool" as const, size: 2, padding: 0 },
  { type: "dense" as const, units: 64, activation: "relu" as const, batchNorm: false },
];

const regressions = [
  z
    .strictObject({
      type: z.literal("linear"),
      initializer: initializer("zeros"),
      intercept: z
        .boolean()
        .optional()
        .describe("`false`: through the origin, b = 0; of exact solutions only. Left out: with an intercept."),
    })
    .meta({ id: "LinearModel", title: "Linear regression", description: "ŷ = x·W + b" }),
  z.strictObject({ type: z.literal("logistic"), initializer: initializer("zeros") }).meta({
    id: "LogisticModel",
    title: "Logistic regression",
    description: "P(1) = σ(x·w + b), for two classes.",
  }),
  z.strictObject({ type: z.literal("softmax"), initializer: initializer("zeros") }).meta({
    id: "SoftmaxModel",
    title: "Softmax regression",
    description: "P(j) = e^zⱼ / Σ e^z, z = x·W + b (multinomial logistic regression).",
  }),
  z.strictObject({ type: z.literal("poisson"), initializer: initializer("zeros") }).meta({
    id: "PoissonModel",
    title: "Poisson regression",
    description: "The label is a count with rate e^(x·w + b).",
  }),
  z.strictObject({ type: z.literal("gamma"), initializer: initializer("zeros") }).meta({
    id: "GammaModel",
    title: "Gamma regression",
    description:
      "The label is a positive number (a cost, a duration) with the mean μ = e^(x·w + b) and the variance φ·μ². Solved exactly.",
  }),
  z.strictObject({ type: z.literal("negative_binomial"), initializer: initializer("zeros") }).meta({
    id: "NegativeBinomialModel",
    title: "Negative binomial regression",
    description:
      "The label is a count with the mean μ = e^(x·w + b) and the variance μ + μ²/θ, θ found with the coefficients: for counts that vary more than Poisson's. Solved exactly.",
  }),
  z
    .strictObject({
      type: z.literal("quantile"),
      quantile: quantileLevel
        .optional()
        .describe(
          "Which quantile of the label is predicted, above 0 and below 1. Left out: that of the loss, or 0.5, the median.",
        ),
      initializer: initializer("zeros"),
    })
    .meta({
      id: "QuantileModel",
      title: "Quantile regression",
      description:
        "x·w + b is the label's quantile: a new label is below it with the probability `quantile`. Solved exactly, as a linear program (Koenker & Bassett 1978).",
    }),
] as const;

export const ModelSpec = z
  .discriminatedUnion("type", [
    ...regressions,
    z.strictObject({ type: z.literal("mlp"), ...mlpFields }).meta({
      id: "MlpModel",
      title: "Multilayer perceptron",
      description: "h ← f(h·W + b) through the hidden layers, then a linear output.",
    }),
    z
      .strictObject({
        type: z.literal("ensemble"),
        members: z
          .array(EnsembleMember)
          .min(2)
          .max(limits.members)
          .describe("Different perceptrons, each with its own loss on the same batches; none learns from another."),
        shares: z
          .enum(["equal", "held_out"])
          .optional()
          .describe(
            "How much each member counts in the mean. `held_out`: those without an `embedding` alone, and equally, unless rows prefer by more than a standard error that those with one count as well (a third as much, the same, three times as much) or alone: rows that the validation split or else the search for a penalty holds out. Left out: `equal`.",
          ),
      })
      .meta({
        id: "EnsembleModel",
        title: "Ensemble",
        description:
          "Perceptrons side by side in one network: the answer is the mean of what they say, of probabilities, rates or values. Layers are called `member.0.hidden.0` and `output.0`.",
      }),
    z
      .strictObject({
        type: z.literal("cnn"),
        input: z
          .strictObject({
            height: units.describe("Rows of pixels."),
            width: units.describe("Pixels in a row."),
            channels: z.int().min(1).max(4096).default(1).describe("Numbers of a pixel."),
          })
          .meta({ id: "CnnInput", description: "The size of an image." })
          .optional()
          .describe(
            "The image that a row's features are, in row-major H×W×C order. Left out: the images' own size, or the square that the features are.",
          ),
        layers: z.array(CnnLayer).min(1).max(256).default(smallCnn).describe("In turn; a linear output follows."),
        initializer: initializer("he"),
      })
      .meta({
        id: "CnnModel",
        title: "Convolutional network",
        description: "Its layers in turn, then a linear output on what they make of the image.",
      }),
    z.strictObject({ type: z.literal("network") }).meta({
      id: "NetworkModel",
      title: "Imported network",
      description:
        "The network of `base`, which was read from a file: its layers and its input. Left out, it is this one.",
    }),
    z
      .strictObject({
        type: z.literal("autoencoder"),
        encoder: z
          .array(units)
          .min(1)
          .max(limits.hiddenLayers)
          .default([32, 8])
          .describe("Units of the encoder's layers; the last is the code. The decoder mirrors it."),
        activation: activation.describe("Of all layers but the code and the output."),
        initializer: initializer("he"),
        batchNorm,
        dropout,
      })
      .meta({
        id: "AutoencoderModel",
        title: "Autoencoder",
        description: "x̂ = decoder(encoder(x)): the code is a linear layer, its loss the distance of x̂ from x.",
      }),
    z
      .strictObject({
        type: z.literal("gaussian_mixture"),
        components: z
          .union([z.int().min(1).max(256).meta({ title: "A number" }), range])
          .default({ from: 1, to: 8 })
          .describe("How many; of a range the lowest BIC = p·ln n − 2·ln L chooses."),
        covariance: z
          .enum(["full", "diagonal", "spherical", "tied"])
          .default("full")
          .describe(
            "The shape of each component: any ellipsoid, one along the axes, a ball, or one ellipsoid for all.",
          ),
        regularization: z
          .number()
          .min(0)
          .default(1e-6)
          .describe("Added to each variance of the standardised features, so that no component collapses."),
        restarts: restarts(5),
      })
      .meta({
        id: "GaussianMixtureModel",
        title: "Gaussian mixture",
        description:
          "p(x) = Σ πₖ·N(x; μₖ, Σₖ) by expectation-maximisation in logarithms (Dempster, Laird & Rubin 1977), started by k-means++.",
      }),
    z
      .strictObject({
        type: z.literal("k_means"),
        clusters: z
          .union([z.int().min(1).max(4096).meta({ title: "A number" }), range])
          .default(3)
          .describe("How many; of a range the highest silhouette chooses."),
        restarts: restarts(10),
      })
      .meta({
        id: "KMeansModel",
        title: "k-means",
        description: "Lloyd's iterations (1982) on Σ |x − c(x)|², started by k-means++ (Arthur & Vassilvitskii 2007).",
      }),
  ])
  .meta({ id: "ModelSpec", title: "Model", description: "What is trained." });

export type ModelSpec = z.infer<typeof ModelSpec>;

type Perceptrons = Extract<ModelSpec, { type: "mlp" | "ensemble" }>;

/** One multilayer perceptron, or several. */
export const isPerceptron = (model: ModelSpec): model is Perceptrons =>
  model.type === "mlp" || model.type === "ensemble";

export const perceptronsOf = (model: Perceptrons): readonly EnsembleMember[] =>
  model.type === "mlp" ? [model] : model.members;
