import { z } from "zod";
import { fifth } from "./fifth.ts";

const growing = z.array(z.number());
const held = z.number().describe("share of rows that their intervals hold, each judged by the others");

const byFifth = z
  .array(
    z
      .object({
        ...fifth,
        adaptive: held,
        marginal: held,
      })
      .meta({ id: "QuantileFifthCoverage", description: "Of rows with similar predictions, intervals for 90 %." }),
  )
  .describe("coverage of intervals for 90 % by fifths of the predictions");
const interval = z.number().describe("share of the labels that the model means to lie between its two quantiles");
const scores = {
  scores: growing.describe(
    "the larger of lower quantile − label and label − upper quantile, of the held-out rows, growing",
  ),
  lower: growing.describe("lower quantile − label, growing"),
  upper: growing.describe("label − upper quantile, growing"),
  residuals: growing.describe("|label − prediction|, growing"),
};

export const QuantileIntervals = z
  .object({
    type: z
      .literal("quantile_intervals")
      .describe("of a regression whose model predicts a lower and an upper quantile"),
    rows: z.int().describe("held-out rows that the scores are of: the promise is exact for so many"),
    interval,
    ...scores,
    byFifth,
  })
  .meta({
    id: "QuantileIntervals",
    title: "Intervals by quantiles",
    description: "Scores of a regression by its quantiles (conformalised quantile regression).",
  });

export const FoldQuantileIntervals = z
  .object({
    type: z
      .literal("fold_quantile_intervals")
      .describe("of a regression that predicts a lower and an upper quantile, by the models of its folds"),
    rows: z.int().describe("rows that the scores are of, each by the model of its fold, which has not seen it"),
    interval,
    folds: z
      .array(
        z.object(scores).meta({ id: "FoldQuantileScores", description: "Scores of the rows that a fold held out." }),
      )
      .describe("for each fold of the first repeat, in their order"),
    byFifth,
  })
  .meta({
    id: "FoldQuantileIntervals",
    title: "Intervals by quantiles and folds",
    description: "Out-of-fold scores of a regression by its quantiles (conformalised quantile regression with CV+).",
  });

export type FoldQuantileIntervals = z.infer<typeof FoldQuantileIntervals>;
export type QuantileIntervals = z.infer<typeof QuantileIntervals>;
