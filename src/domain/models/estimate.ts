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
      "a value and its 95 % confidence interval; null where the rows cannot say how sure it is: one row, or rows that are all alike",
  });

export type Estimate = z.infer<typeof Estimate>;
