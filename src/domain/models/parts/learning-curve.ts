import { z } from "zod";
import { Estimate } from "../estimate.ts";
import { rowMeasure } from "./row-measure.ts";

export const LearningCurvePoint = z
  .object({
    trainRows: z.int().describe("that the model learnt from"),
    loss: Estimate.nullable().describe(
      "mean over the test rows: the smaller, the better; null: it could not be fitted",
    ),
    gain: Estimate.nullable().describe(
      "by how much the mean loss is less than at the point before, which has about half the rows; paired, row by row, with an interval of these two models: above 0, the rows were worth it. Null of the first, and beside one that could not be fitted",
    ),
    accuracy: Estimate.nullable().describe(
      "classes: share of rows whose likeliest class is right; null: not of classes",
    ),
    rootMeanSquaredError: Estimate.nullable().describe(
      "numbers: in the label's units; null: not of numbers, or of such as have no squares",
    ),
    fault: z.string().nullable().describe("why it could not be fitted to so few rows; null: it could"),
  })
  .meta({ id: "LearningCurvePoint", description: "The same model, fitted to a part of the training rows, or to all." });

export const LearningCurveReport = z
  .object({
    measure: rowMeasure.describe(
      "of a row: its loss is −ln p of its label (classes, counts, Gamma; without what their dispersion adds), (label − prediction)² in the label's units (of `huber` too), |label − prediction| of `mean_absolute_error`, or `pinball`, ρ(label − prediction) of a quantile",
    ),
    rows: z.int().describe("of the test split, the same for all points"),
    points: z
      .array(LearningCurvePoint)
      .describe("by their training rows, growing; the last is the measured model, of all training rows"),
  })
  .meta({
    id: "LearningCurveReport",
    description:
      "Is more data worth it? One draw of each part is measured, so that where the curve would go beyond its last point is not computed from it.",
  });

export type LearningCurveReport = z.infer<typeof LearningCurveReport>;
