import { z } from "zod";
import { exactRecord } from "../../../exact-record.ts";
import { positiveFloat32 } from "../../../float32.ts";

/** A class that counted a millionth of another, or less, would be left out without a word. */
const weightRange = "must be from 0.000001 to 1000000";
const classWeights = z
  .union([
    z.literal("balanced"),
    exactRecord(z.string(), z.number().min(1e-6, weightRange).max(1e6, weightRange)).meta({ title: "By class" }),
  ])
  .optional()
  .describe(
    "How much a row counts in the loss, by its class, as factors; `balanced`: rows / (classes · rows of the class). A class that is not named counts 1. Left out: every class does.",
  );
const labelSmoothing = z
  .number()
  .min(0)
  .lt(1)
  .default(0)
  .describe("Share ε of the target that is spread evenly over the K classes: (1 − ε)·target + ε/K.");

/** Beyond, no rows tell where a quantile lies, and single precision would round it away. */
export const quantileLevel = z.number().min(0.001).max(0.999);

export const LossSpec = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("cross_entropy"), labelSmoothing, classWeights }).meta({
      id: "CrossEntropyLoss",
      title: "Cross-entropy",
      description:
        "−Σⱼ tⱼ·ln softmax(z)ⱼ: the negative log-likelihood of the categorical distribution, from logits z and targets t.",
    }),
    z.strictObject({ type: z.literal("binary_cross_entropy"), labelSmoothing, classWeights }).meta({
      id: "BinaryCrossEntropyLoss",
      title: "Binary cross-entropy",
      description:
        "−t·ln σ(z) − (1 − t)·ln(1 − σ(z)): the negative log-likelihood of the Bernoulli distribution, from one logit z. For two classes.",
    }),
    z.strictObject({ type: z.literal("mean_squared_error") }).meta({
      id: "SquaredErrorLoss",
      title: "Mean squared error",
      description: "(ŷ − y)², mean over rows and outputs, of the standardised label.",
    }),
    z.strictObject({ type: z.literal("mean_absolute_error") }).meta({
      id: "AbsoluteErrorLoss",
      title: "Mean absolute error",
      description: "|ŷ − y|, mean over rows and outputs, of the standardised label: estimates the median.",
    }),
    z
      .strictObject({
        type: z.literal("huber"),
        delta: positiveFloat32
          .default(1)
          .describe("Where the loss turns from square to straight, in standard deviations of the label."),
      })
      .meta({
        id: "HuberLoss",
        title: "Huber",
        description: "e²/2 where |e| ≤ δ, δ·(|e| − δ/2) beyond, e = ŷ − y (Huber 1964).",
      }),
    z.strictObject({ type: z.literal("poisson_nll") }).meta({
      id: "PoissonLoss",
      title: "Poisson likelihood",
      description:
        "e^z − y·z: the negative log-likelihood of the Poisson distribution with a log link, up to a constant; the label is a count.",
    }),
    z.strictObject({ type: z.literal("gamma_nll") }).meta({
      id: "GammaLoss",
      title: "Gamma likelihood",
      description:
        "y·e^−z + z − ln y: the negative log-likelihood of a Gamma distribution of the mean e^z, times its dispersion and up to a constant; the label is above 0.",
    }),
    z.strictObject({ type: z.literal("negative_binomial_nll") }).meta({
      id: "NegativeBinomialLoss",
      title: "Negative binomial likelihood",
      description:
        "(y + θ)·ln(1 + e^z/θ) − y·z − Σ_{j<y} ln(1 + j/θ): the negative log-likelihood of the negative binomial distribution of the mean e^z, up to a constant; the label is a count. Of the model `negative_binomial`.",
    }),
    z
      .strictObject({
        type: z.literal("pinball"),
        quantile: quantileLevel
          .default(0.5)
          .describe("Which quantile τ of the label is predicted, above 0 and below 1; 0.5 is the median."),
        interval: z
          .number()
          .min(0.01)
          .max(0.998)
          .optional()
          .describe(
            "Share of the labels between a lower and an upper quantile, (1 − interval)/2 and (1 + interval)/2, that the same model predicts beside `quantile`, which lies between them; the loss is the mean of the three. Predictions with `coverage` go by them (conformalised quantile regression). Left out: `quantile` alone.",
          ),
      })
      .meta({
        id: "PinballLoss",
        title: "Pinball",
        description:
          "ρ(y − ŷ), ρ(r) = τ·r where r ≥ 0, (τ − 1)·r below, mean over rows, of the standardised label: it is least at the label's τ-quantile (Koenker & Bassett 1978).",
      }),
    z.strictObject({ type: z.literal("gaussian_nll") }).meta({
      id: "GaussianLoss",
      title: "Gaussian likelihood",
      description:
        "(ln σ² + (y − μ)²/σ²)/2: the negative log-likelihood of N(μ, σ²), up to a constant; the model has two outputs, μ and ln σ².",
    }),
  ])
  .meta({
    id: "LossSpec",
    title: "Loss",
    description:
      "What training makes small. Left out: the negative log-likelihood that belongs to task and model: cross-entropy (binary for `logistic`), mean squared error, Poisson (also of networks whose label looks like a count: whole numbers from 0 on, as many and as large as counts are), Gamma, negative binomial, pinball.",
  });

export type LossSpec = z.infer<typeof LossSpec>;

/** Likelihoods of counts, whose mean is a rate times what each count is of. */
export const isOfCounts = ({ type }: Pick<LossSpec, "type">): boolean =>
  type === "poisson_nll" || type === "negative_binomial_nll";

/** Likelihoods of the logarithm of a mean: the label stays as it is, and the mean may be per unit of an exposure. */
export const hasLogLink = (loss: Pick<LossSpec, "type">): boolean => isOfCounts(loss) || loss.type === "gamma_nll";
