import { z } from "zod";

export const ClusterStability = z
  .object({
    rows: z.int().describe("of the training split, evenly spread; each resample is half of them"),
    resamples: z.int().describe("to which the same model was fitted once more"),
    adjustedRand: z
      .number()
      .describe("mean agreement of their divisions with the model's: 1 the same, 0 no more than chance"),
  })
  .meta({ id: "ClusterStability", description: "Whether other rows of the same kind would give these clusters." });

export const TellingColumn = z
  .object({
    column: z.string().describe("the column's name"),
    between: z.number().describe("share of its variance that lies between the clusters (η²)"),
  })
  .meta({ id: "TellingColumn", description: "How far one column tells the clusters apart." });
