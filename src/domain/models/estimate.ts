import { z } from "zod";

/** A number with its uncertainty: an interval that covers the truth in 95 of 100 samples of this size. */
export const Estimate = z
  .object({
    value: z.number().describe("the estimate"),
    lower: z.number().nullable().describe("where the interval begins"),
    upper: z.number().nullable().describe("where it ends"),
  })
  .meta({
    id: "Estimate",
    description:
      "a value and its 95 % confidence interval; null where the rows cannot say how sure it is: one row, or rows that are all alike; or where the report's notes say why",
  });

/** How the rows of a report count. */
export const ReportWeights = z
  .object({
    column: z.string().describe("`task.weight`"),
    effectiveRows: z
      .number()
      .describe("Kish's (Σ w)²/Σ w²: as many rows of one weight would say as much; intervals go by them"),
    leftOut: z.int().describe("rows of the split with the weight 0: they do not count"),
  })
  .meta({ id: "ReportWeights", description: "How the rows of a report count." })
  .nullable()
  .default(null)
  .describe(
    "where rows are weighted: means, shares and their intervals are Σ w·x / Σ w; counts, quantiles, and sets and intervals of predictions take each row once; null: all rows count the same",
  );

export type Estimate = z.infer<typeof Estimate>;
