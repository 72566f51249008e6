import { z } from "zod";

export const explainOption = {
  explain: z
    .boolean()
    .default(false)
    .describe(
      "Say beside each answer what every column of the row contributes to it. Classifications and regressions of tables; the fewer rows at once, the more columns and weights the model has.",
    ),
};

const Contribution = z
  .object({
    column: z.string().describe("the feature"),
    value: z.number().describe("what the row's cell adds to `base`, on the scale"),
    standardError: z
      .number()
      .nullable()
      .describe("of sampling other rows and orders of the columns; null: computed exactly, or from one row"),
  })
  .meta({ id: "Contribution", description: "What one column contributes." });

const ExplainedAnswer = z
  .object({
    class: z
      .string()
      .nullable()
      .describe("that it is about: of two the second, of many the ten likeliest; null: a number"),
    base: z.number().describe("what the model answers without knowing the row: `answer` minus all contributions"),
    answer: z.number().describe("of the row, on the scale"),
    contributions: z.array(Contribution).describe("in the order of the model's columns; they add up to answer − base"),
  })
  .meta({ id: "ExplainedAnswer", description: "One number that the model answers, and what it is made up of." });

export const Explanation = z
  .object({
    method: z
      .enum(["linear", "shapley"])
      .describe(
        "`linear`: Σ coefficient · (x − mean of the training rows) over a column's inputs, exactly; `shapley`: Shapley values, by sampled orders of the columns, against training rows that are kept with the model",
      ),
    scale: z
      .enum(["value", "probability", "log_odds", "log_rate", "log_share"])
      .describe(
        "of all numbers: the label's units; a probability; ln p/(1 − p) of the second class; ln of the expected count; ln p of a class minus its mean over the classes",
      ),
    rows: z.int().describe("training rows that `base` is of: all for `linear`, those that were asked for `shapley`"),
    answers: z.array(ExplainedAnswer).describe("one, or one for each of many classes, the likeliest first"),
  })
  .meta({
    id: "Explanation",
    description:
      "Why the model answers so (Štrumbelj & Kononenko 2014; Lundberg & Lee 2017): contributions of the columns that add up to the difference from the answer to an unknown row.",
  });

export type Explanation = z.infer<typeof Explanation>;
export type ExplainedAnswer = z.infer<typeof ExplainedAnswer>;
