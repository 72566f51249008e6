import { z } from "zod";
import { AliasName, DatasetId, ModelId } from "../ids.ts";
import { Estimate } from "./estimate.ts";
import { Drift } from "./parts/drift.ts";
import { NestedModels } from "./parts/nested-models.ts";
import { ClassificationReport, ReportNote } from "./report.ts";

const mostModels = 10;

export const CompareRequest = z
  .strictObject({
    models: z
      .array(z.union([ModelId, AliasName]))
      .min(1)
      .max(mostModels)
      .describe("ids or aliases; they have one label in common. One alone is evaluated on the data set"),
    dataset: DatasetId.describe("any that has the models' columns and their label"),
    rows: z
      .enum(["all", "held_out"])
      .default("all")
      .describe(
        "`held_out`: only rows that were held out from each model that was trained on this file, and from what it started from, by what it said of them then (of a cross-validation its folds' models, of a refit the one that was measured). Files are told apart by their SHA-256: a part of this one, or one with more rows, is another, and is not checked row by row",
      ),
  })
  .meta({ id: "CompareRequest", description: "Models to compare, and the rows to compare them on." });

const calibration = ClassificationReport.shape.calibration;

export const ComparedModel = z
  .object({
    model: ModelId,
    name: z.string().describe("the model's"),
    measure: Estimate.describe("mean of the rows' measure: the larger, the better"),
    group: z.int().describe("its place among `groups`, from 0: the best"),
    trainedOnIt: z
      .boolean()
      .describe(
        "it, or a model that it started from, was trained on this file: of the rows that it has seen it knows too much; with `heldOut` they are others than the ones compared. False: on another file, or one that was deleted, which is not checked row by row",
      ),
    accuracy: Estimate.nullable().describe("classes: share of right answers"),
    brier: Estimate.nullable().describe("classes: mean squared distance of the probabilities from the truth, 0 to 2"),
    areaUnderRoc: Estimate.nullable().describe("two classes only"),
    calibrationError: z
      .number()
      .nullable()
      .describe("classes: mean |confidence − accuracy| over bins of equally many rows"),
    calibrationErrorByChance: ClassificationReport.shape.calibrationErrorByChance.describe(
      "classes: what it would be on average if each answer were right with its confidence",
    ),
    calibration: calibration.nullable().describe("classes: the bins, by confidence"),
    rootMeanSquaredError: Estimate.nullable().describe("numbers: in the label's units"),
    meanAbsoluteError: Estimate.nullable().describe("numbers: in the label's units"),
    r2: Estimate.nullable().describe("numbers: null where the label does not vary"),
    bias: Estimate.nullable().describe("numbers: mean of prediction − truth"),
    drift: Drift,
  })
  .meta({ id: "ComparedModel", description: "How good one model is on the rows that all were asked about." });

export const Comparison = z
  .object({
    dataset: DatasetId,
    label: z.string().describe("the column that the models predict"),
    task: z.enum(["classification", "regression"]).describe("of the models"),
    measure: z
      .enum([
        "log_likelihood",
        "squared_error",
        "absolute_error",
        "pinball",
        "poisson_deviance",
        "gamma_deviance",
        "negative_binomial_deviance",
      ])
      .describe(
        "of a row: ln p of its class; of numbers, with a minus, the models' own loss: (label − prediction)², |label − prediction|, ρ(label − prediction) of a quantile, or the deviance of counts or positive numbers. Where the models' losses differ it is one for all, and a note says which and why",
      ),
    rows: z.int().describe("compared: the same for all; of a large data set 10,000, at equal distances"),
    heldOut: z
      .boolean()
      .default(false)
      .describe("only rows were asked for that were held out from each model that was trained on this file"),
    leftOut: z
      .object({
        learnt: z
          .int()
          .default(0)
          .describe("with `rows: held_out`, those that one of the models learnt from, or has kept no answer for"),
        unlabelled: z.int().describe("without a label"),
        unknown: z.int().describe("with a class that one of the models does not know"),
        weightless: z.int().default(0).describe("with the weight 0"),
      })
      .meta({ id: "LeftOutRows", description: "Rows that were asked for and could not be judged." }),
    weight: z
      .string()
      .nullable()
      .default(null)
      .describe(
        "the column that rows count by, as all the models have it; null: each counts once, and a note says why where a model has one",
      ),
    by: z
      .string()
      .nullable()
      .default(null)
      .describe(
        "the column that the models were split by: rows of one of its values are one unit to every interval; null: each row is one",
      ),
    models: z.array(ComparedModel).describe("the best first"),
    differences: z
      .array(
        z
          .object({
            model: ModelId.describe("the better one"),
            other: ModelId.describe("the one that it is compared with"),
            difference: Estimate.describe("of the mean measures, model − other, paired row by row"),
            tied: z.boolean().describe("the interval holds 0: they cannot be told apart by these rows"),
          })
          .meta({ id: "ModelDifference", description: "One pair of models." }),
      )
      .describe(
        "of every pair; each interval holds the truth in 95 of 100 samples by itself, not all of them together",
      ),
    nested: z
      .array(NestedModels)
      .default([])
      .describe(
        "of every pair of models that were solved, without a penalty, on the same training rows, and of which one is nested in the other: F of numbers and Gamma, else the likelihood ratio. Of other solved pairs a note `not_nested` says why there is none",
      ),
    groups: z
      .array(z.array(ModelId))
      .describe(
        "the best and those that cannot be told from it; then the best of the rest, with those that cannot be told from that; …",
      ),
    notes: z.array(ReportNote).describe("what must be known to read it"),
  })
  .meta({ id: "Comparison", description: "Models on the same rows, with paired intervals." });

export type CompareRequest = z.infer<typeof CompareRequest>;
export type ComparedModel = z.infer<typeof ComparedModel>;
export type Comparison = z.infer<typeof Comparison>;
