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
      "What training makes small. Left out: the negative log-likelihood that belongs to task and model: cross-entropy (binary for `logistic`), mean squared error, Poisson.",
  });

export type LossSpec = z.infer<typeof LossSpec>;
