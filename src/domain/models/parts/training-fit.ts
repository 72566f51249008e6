import { z } from "zod";

export const TrainingFit = z
  .object({
    rows: z.int().describe("trained on"),
    logLikelihood: z
      .number()
      .nullable()
      .describe("natural logarithm, sum over the training rows; null where nothing is left over and it has no bound"),
    deviance: z
      .number()
      .describe(
        "−2 (logLikelihood − that of a model that knows every label), of a Gamma times its dispersion; for numbers Σ (y − ŷ)², for a quantile Σ ρ(y − ŷ)",
      ),
    nullDeviance: z.number().describe("of the model that knows only the label's distribution"),
  })
  .meta({ id: "TrainingFit", description: "How well a linear model fits the rows that it was trained on." });

export type TrainingFit = z.infer<typeof TrainingFit>;
