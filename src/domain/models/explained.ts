import { z } from "zod";
import { Estimate } from "./estimate.ts";
import { featureValue } from "./parts/feature-value.ts";
import { rowMeasure } from "./parts/row-measure.ts";

const importance = Estimate.describe(
  "what a row's measure loses on average while the values are exchanged between rows: about 0, the model does not use them",
);

export const Dependence = z
  .object({
    column: z.string().describe("the feature"),
    values: z
      .array(featureValue)
      .describe(
        "that the column is set to: a number's values in the data's units, of more than 20 so many at equal shares of the training rows from 5 % to 95 %; a category's levels, the 20 that most rows have",
      ),
    answers: z
      .array(
        z
          .object({
            class: z
              .string()
              .nullable()
              .describe("whose probability it is: of two classes the second, of many the first ten; null: a number"),
            mean: z
              .array(z.number())
              .describe("partial dependence: of what the model answers over the rows, for each of `values`"),
          })
          .meta({ id: "DependenceAnswer", description: "Partial dependence of one answer." }),
      )
      .describe("probabilities, or the value in the label's units"),
    individual: z
      .array(
        z
          .object({
            cell: featureValue.describe("the row's own"),
            class: z
              .string()
              .nullable()
              .describe("whose probability it is: of many classes the likeliest of those in `answers`; null: a number"),
            values: z.array(z.number()).describe("what the model answers about this row, for each of the column's"),
          })
          .meta({ id: "IndividualCurve", description: "Individual conditional expectation of one row." }),
      )
      .describe("of a few of the rows, evenly spread: curves that differ in shape tell of interactions"),
  })
  .meta({
    id: "Dependence",
    description:
      "What the model answers on average while a column is set to one value after another, in all rows (Friedman 2001; Goldstein et al. 2015).",
  });

export const Explained = z
  .object({
    measure: rowMeasure.describe(
      "of a row: ln p of its label (classes, counts; Gamma with the dispersion 1, negative binomials as Poisson's), (label − prediction)² in the label's units (of `huber` too), |label − prediction| of `mean_absolute_error`, or `pinball`, ρ(label − prediction) of a quantile",
    ),
    rows: z.int().describe("of the report's split that were asked: the plan's `explainedRows`, evenly spread"),
    repeats: z.int().describe("exchanges of each column, whose losses are averaged for each row"),
    columns: z
      .array(
        z
          .object({ column: z.string().describe("the feature"), importance })
          .meta({ id: "ColumnImportance", description: "How much the model depends on one column." }),
      )
      .describe("the most important first"),
    groups: z
      .array(
        z
          .object({
            columns: z.array(z.string()).describe("that say nearly the same"),
            correlation: z.number().describe("the largest |r| between two of them, over training rows"),
            importance,
          })
          .meta({
            id: "GroupImportance",
            description: "How much the model depends on columns that stand in for each other.",
          }),
      )
      .describe(
        "columns with |r| ≥ 0.9, exchanged together: each alone may seem unimportant, as the others still tell; the most important first",
      ),
    dependenceRows: z
      .int()
      .default(0)
      .describe("rows that partial dependence is averaged over, evenly spread, at most 300; 0: none were asked"),
    dependence: z
      .array(Dependence)
      .default([])
      .describe("of the six most important columns; models of earlier versions have none"),
  })
  .meta({
    id: "Explained",
    description:
      "Permutation importance (Breiman 2001; Fisher, Rudin & Dominici 2019), on rows that training has not seen.",
  });

export const OperatingPoint = z
  .object({
    threshold: z.number().describe("least probability of `positive` at which it is the answer"),
    truePositives: z
      .number()
      .describe("rows of the class that are found; weighted rows count by their weights, of mean 1"),
    falsePositives: z.number().describe("other rows that are taken for it"),
    falseNegatives: z.number().describe("rows of the class that are missed"),
    trueNegatives: z.number().describe("the others"),
    truePositiveRate: z.number().describe("truePositives / rows of the class: recall, sensitivity"),
    falsePositiveRate: z.number().describe("falsePositives / other rows: 1 − specificity"),
    precision: z.number().describe("truePositives / rows that are taken for the class"),
    f1: z.number().describe("harmonic mean of precision and recall"),
    cost: z
      .number()
      .describe(
        "(falsePositives + falseNegatives) / rows: of a row, where both errors cost 1; with other costs a · falsePositives + b · falseNegatives",
      ),
  })
  .meta({ id: "OperatingPoint", description: "What a classifier of two classes does at one threshold." });

export const Operating = z
  .object({
    positive: z.string().describe("the second class: the one that `areaUnderRoc` is about"),
    averagePrecision: z.number().describe("Σ (recall − the recall before) · precision over all thresholds"),
    thresholds: z.int().describe("different probabilities among the rows"),
    points: z
      .array(OperatingPoint)
      .describe(
        "by falling threshold: the ROC and the precision–recall curve; at most 200, of more every so many and those with the best F1 and the least cost",
      ),
    bestF1: z
      .number()
      .describe("the threshold with the largest F1 on these rows, so that new rows will do a little worse"),
    leastCost: z.number().describe("the threshold with the least `cost` on these rows"),
  })
  .meta({ id: "Operating", description: "What two classes can be told apart by, at every threshold." });

export type Dependence = z.infer<typeof Dependence>;
export type Explained = z.infer<typeof Explained>;
export type Operating = z.infer<typeof Operating>;
export type OperatingPoint = z.infer<typeof OperatingPoint>;
