import { z } from "zod";
import { Estimate } from "../estimate.ts";
import { rowMeasure } from "./row-measure.ts";

const difference = Estimate.describe(
  "mean over the rows of what this model's measure is better by: above 0, it is worth having; paired, row by row",
);

export const Against = z
  .object({
    measure: rowMeasure.describe(
      "of a row: ln p of its label (classes, counts, Gamma; under a cross-validation Gamma with the dispersion 1, negative binomials as Poisson's), (label − prediction)² in the label's units (of `huber` too), |label − prediction| of `mean_absolute_error`, or `pinball`, ρ(label − prediction) of a quantile",
    ),
    rows: z.int().describe("of the report's split, the same for all models"),
    null: z
      .object({ difference })
      .meta({
        id: "AgainstNull",
        description:
          "The model that knows only the training labels' shares, their mean, their median (`mean_absolute_error`), or their quantile.",
      })
      .describe("against knowing no feature"),
    linear: z
      .object({
        model: z
          .enum(["linear", "softmax", "poisson", "gamma", "quantile"])
          .describe("solved on the same training rows and inputs"),
        l2: z.number().describe("its penalty: 0, unless without one it would have no end"),
        trainRows: z.int().describe("that it was solved on: all, or as many as a second or two allow"),
        difference,
      })
      .meta({ id: "AgainstLinear", description: "The exact linear model." })
      .nullable()
      .describe("null for linear models themselves, for images, or where solving it would take too long"),
  })
  .meta({ id: "Against", description: "Is the model worth it? Compared with simpler ones on the same rows." });

export type Against = z.infer<typeof Against>;
