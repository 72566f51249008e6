import { z } from "zod";
import { fifth } from "./parts/fifth.ts";
import { FoldQuantileIntervals, QuantileIntervals } from "./parts/quantile-intervals.ts";

const coverage = z.number().describe("share of rows that their sets or intervals hold, each judged by the others");

const least = z.number().nullable().describe("no interval begins below: 0 for counts");

const ofClass = coverage
  .nullable()
  .describe("share of the class's rows that their sets hold, each judged by the others");
const heldOfClass = { adaptive: ofClass, marginal: ofClass };

const Spread = z
  .object({
    at: z.array(z.number()).describe("predictions, growing"),
    size: z.array(z.number()).describe("how large residuals are there; linear between, constant beyond"),
  })
  .meta({
    id: "ResidualSpread",
    description: "The size of residuals as a function of the prediction, learnt from training rows.",
  });

export const ConformalIntervals = z
  .object({
    type: z.literal("intervals").describe("of a regression"),
    rows: z.int().describe("held-out rows that the scores are of: the promise is exact for so many"),
    least,
    spread: Spread.nullable().describe("null: one width for all rows"),
    scaled: z.array(z.number()).describe("|residual| / spread of the held-out rows, growing"),
    scores: z.array(z.number()).describe("|residual| of the held-out rows, growing"),
    byFifth: z
      .array(
        z
          .object({
            ...fifth,
            adaptive: coverage,
            marginal: coverage,
          })
          .meta({ id: "FifthCoverage", description: "Of rows with similar predictions, intervals for 90 %." }),
      )
      .describe("coverage of intervals for 90 % by fifths of the predictions"),
  })
  .meta({ id: "ConformalIntervals", title: "Intervals", description: "Scores of a regression." });

export const ConformalSets = z
  .object({
    type: z.literal("sets").describe("of a classification"),
    rows: z.int().describe("held-out rows that the scores are of: the promise is exact for so many"),
    scores: z.array(z.number()).describe("1 − probability of the true class, growing"),
    classes: z
      .array(
        z
          .object({
            label: z.string().describe("the class"),
            scores: z.array(z.number()).describe("of its own rows, growing"),
            ...heldOfClass,
          })
          .meta({
            id: "ClassCoverage",
            description: "Of the rows of one class, sets for 90 %; null: none is held out.",
          }),
      )
      .describe("the classes in their order"),
  })
  .meta({ id: "ConformalSets", title: "Sets", description: "Scores of a classification." });

const foldScores = z
  .array(z.array(z.number()))
  .describe("for each fold of the first repeat, in their order, those of its rows, growing");

const foldRows = z.int().describe("rows that the scores are of, each by the model of its fold, which has not seen it");

export const FoldIntervals = z
  .object({
    type: z.literal("fold_intervals").describe("of a regression, by the models of its folds"),
    rows: foldRows,
    least,
    folds: foldScores.describe("|residual|, for each fold of the first repeat, in their order, growing"),
    byFifth: z
      .array(
        z
          .object({
            ...fifth,
            held: coverage,
          })
          .meta({ id: "FoldFifthCoverage", description: "Of rows with similar predictions, intervals for 90 %." }),
      )
      .describe("coverage of intervals for 90 % by fifths of the predictions"),
  })
  .meta({ id: "FoldIntervals", title: "Intervals by folds", description: "Out-of-fold scores of a regression (CV+)." });

export const FoldSets = z
  .object({
    type: z.literal("fold_sets").describe("of a classification, by the models of its folds"),
    rows: foldRows,
    classes: z
      .array(
        z
          .object({
            label: z.string().describe("the class"),
            rows: z.int().describe("that have it"),
            folds: foldScores.describe(
              "1 − probability of the true class, of the rows that have this class, for each fold of the first repeat, in their order, growing",
            ),
            ...heldOfClass,
          })
          .meta({
            id: "FoldClassScores",
            description: "Of the rows of one class, sets for 90 %; null: there is none.",
          }),
      )
      .describe("the classes in their order"),
  })
  .meta({ id: "FoldSets", title: "Sets by folds", description: "Out-of-fold scores of a classification." });

export const LeaveOneOutIntervals = z
  .object({
    type: z
      .literal("leave_one_out")
      .describe("of least squares without a penalty that learnt from all rows: by the fits without each of them"),
    rows: z.int().describe("of the training split, each by the fit without it"),
    residuals: z
      .array(z.number().nullable())
      .describe("label − prediction of each row by the fit without it; null: without it the fit is not determined"),
    influences: z
      .array(z.array(z.number()))
      .describe(
        "of each row by how much less the fit without it says: of the constant, and of each input as the model takes inputs",
      ),
    byFifth: z
      .array(
        z
          .object({
            ...fifth,
            held: coverage,
          })
          .meta({
            id: "LeaveOneOutFifthCoverage",
            description: "Of rows with similar predictions, intervals for 90 %.",
          }),
      )
      .describe("coverage of intervals for 90 % by fifths of the predictions"),
  })
  .meta({
    id: "LeaveOneOutIntervals",
    title: "Intervals by leaving out",
    description: "Residuals of every row by the fit without it (jackknife+), computed from leverages.",
  });

export const Conformal = z
  .discriminatedUnion("type", [
    ConformalIntervals,
    ConformalSets,
    FoldIntervals,
    FoldSets,
    LeaveOneOutIntervals,
    QuantileIntervals,
    FoldQuantileIntervals,
  ])
  .meta({
    id: "Conformal",
    title: "Conformal scores",
    description:
      "What predictions with `coverage` go by: scores of rows that training has not seen (split conformal prediction), or that the model of their fold has not (CV+), or the fit without them (jackknife+). Of many rows at most 1000, evenly spread.",
  });

/** What a prediction with a promise is asked with. */
export const coverageOptions = {
  coverage: z
    .number()
    .min(0.01)
    .max(0.999)
    .optional()
    .describe(
      "Promise: the answer's set or interval holds a new row's label with this probability at least, whatever the distribution, if rows are exchangeable. Left out: no sets or intervals.",
    ),
  coverageMethod: z
    .enum(["adaptive", "marginal", "tails"])
    .default("adaptive")
    .describe(
      "`adaptive`: intervals as wide as residuals are at such predictions, and the promise for each class by itself; `marginal`: one width or one threshold for all rows, and the promise over all of them; `tails`, of a model that predicts a lower and an upper quantile (`loss.interval`): as `adaptive`, and what is left out is promised to be half below and half above.",
    ),
  emptySets: z
    .boolean()
    .default(false)
    .describe(
      "Allow sets without a class, which say that a row is like none; otherwise the likeliest class is always in.",
    ),
};

export const CoverageAnswer = z
  .object({
    level: z.number().describe("as asked for"),
    method: z.enum(["adaptive", "marginal", "tails"]).describe("as asked for"),
    rows: z.int().describe("held-out rows that the promise rests on"),
    guaranteed: z
      .number()
      .nullable()
      .describe(
        "the probability that is proven, whatever the distribution: the level, or with the fits without each row 1 − 2(1 − level), with the models of folds a little less, although they hold about the level (Barber et al. 2021); null: nothing is, the coverage is approximate, because new rows come in groups or later in time (`by`, `time`), or because the model is a refit and the one that was measured was not kept beside it",
      ),
  })
  .meta({ id: "CoverageAnswer", description: "What the sets or intervals of an answer promise." });

export type Conformal = z.infer<typeof Conformal>;
export type ConformalIntervals = z.infer<typeof ConformalIntervals>;
export type ConformalSets = z.infer<typeof ConformalSets>;
export type FoldIntervals = z.infer<typeof FoldIntervals>;
export type FoldSets = z.infer<typeof FoldSets>;
export type LeaveOneOutIntervals = z.infer<typeof LeaveOneOutIntervals>;
export type CoverageAnswer = z.infer<typeof CoverageAnswer>;
