import { z } from "zod";

const cost = z.number().positive().max(1e9);

/** From which probability on the second of two classes is the answer. */
export const ThresholdSpec = z
  .union([
    z.number().gt(0).lt(1).meta({ title: "Number" }),
    z
      .strictObject({ metric: z.literal("f1").describe("Harmonic mean of precision and recall of the second class.") })
      .meta({ id: "BestThreshold", title: "Best", description: "Where the metric is largest on the validation rows." }),
    z
      .strictObject({
        costs: z
          .strictObject({
            falsePositive: cost.describe("Of a row of the first class that is taken for the second."),
            falseNegative: cost.describe("Of a row of the second class that is missed."),
          })
          .meta({ id: "ErrorCosts", description: "What the two errors cost, in any unit." }),
      })
      .meta({
        id: "CheapestThreshold",
        title: "Cheapest",
        description:
          "Where falsePositive · false positives + falseNegative · false negatives is least on the validation rows.",
      }),
  ])
  .meta({
    id: "ThresholdSpec",
    description:
      "The probability from which on the second of two classes is the answer: a number, or chosen on the validation rows. It is kept with the model and its exports.",
  });

export type ThresholdSpec = z.infer<typeof ThresholdSpec>;
