import { z } from "zod";
import { fifth } from "./fifth.ts";

const growing = z.array(z.number());
const held = z.number().describe("share of rows that their intervals hold, each judged by the others");

export const QuantileIntervals = z
  .object({
    type: z
      .literal("quantile_intervals")
      .describe("of a regression whose model predicts a lower and an upper quantile"),
    rows: z.int().describe("held-out rows that the scores are of: the promise is exact for so many"),
    interval: z.number().describe("share of the labels that the model means to lie between its two quantiles"),
    scores: growing.describe(
      "the larger of lower quantile − label and label − upper quantile, of the held-out rows, growing",
    ),
    lower: growing.describe("lower quantile − label, growing"),
    upper: growing.describe("label − upper quantile, growing"),
    residuals: growing.describe("|label − prediction|, growing"),
    byFifth: z
      .array(
        z
          .object({
            ...fifth,
            adaptive: held,
            marginal: held,
          })
          .meta({ id: "QuantileFifthCoverage", description: "Of rows with similar predictions, intervals for 90 %." }),
      )
      .describe("coverage of intervals for 90 % by fifths of the predictions"),
  })
  .meta({
    id: "QuantileIntervals",
    title: "Intervals by quantiles",
    description: "Scores of a regression by its quantiles (conformalised quantile regression).",
  });

export type QuantileIntervals = z.infer<typeof QuantileIntervals>;
