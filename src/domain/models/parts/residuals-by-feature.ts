import { z } from "zod";
import { Estimate } from "../estimate.ts";
import { featureValue } from "./feature-value.ts";

const ResidualBin = z
  .object({
    from: featureValue.describe("the least of the feature in these rows, or their category; null: it is missing"),
    to: featureValue.describe("the largest, or the category"),
    rows: z.int().describe("that have it"),
    mean: Estimate.describe("of prediction − truth: an interval without 0 says that the model errs here to one side"),
    rootMeanSquare: z.number().describe("of prediction − truth: how far it errs here"),
  })
  .meta({ id: "ResidualBin", description: "Errors of the rows that have a feature's value in common." });

export const ResidualsByFeature = z
  .object({
    rows: z.int().describe("of the report's split, evenly spread, at most 10,000"),
    columns: z
      .array(
        z
          .object({
            column: z.string().describe("the feature"),
            between: z.number().describe("share of the residuals' variance that lies between the bins (η²)"),
            pValue: z
              .number()
              .nullable()
              .describe(
                "of Welch's test (1951) that the means of all bins are equal; of many features some are small by chance. Null for weighted or grouped rows, and where the residuals of a bin do not vary",
              ),
            bins: z
              .array(ResidualBin)
              .describe(
                "a number's or a date's by growing value, at most five of about equally many rows, equal values in one; a category's by level, the ten that most rows have, of five rows and more; missing ones last",
              ),
          })
          .meta({ id: "FeatureResiduals", description: "Whether the errors depend on one feature." }),
      )
      .describe("those between whose bins most of the variance lies first, at most 20"),
  })
  .nullable()
  .default(null)
  .meta({
    id: "ResidualsByFeature",
    description:
      "Where the model errs: prediction − truth in the label's units, or of two classes the second one's probability − 1 or 0; null for more classes, images, cross-validations, too few rows, or models of earlier versions",
  });

export type ResidualsByFeature = NonNullable<z.infer<typeof ResidualsByFeature>>;
