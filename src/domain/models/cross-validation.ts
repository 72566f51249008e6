import { z } from "zod";
import type { HeldOut } from "../jobs/spec/folds/cross-validation-spec.ts";
import type { Preprocessing } from "./model.ts";

const FoldReport = z
  .object({
    repeat: z.int().describe("of the division of the rows, from 1"),
    fold: z.int().describe("of that division, from 1"),
    trainRows: z.int().describe("that its model learnt from"),
    rows: z.int().describe("held out, which it was asked about"),
    loss: z.number().describe("mean over the rows held out, as training has it, without penalties"),
    accuracy: z.number().nullable().describe("share of right answers; null: not of classes"),
    meanSquaredError: z.number().nullable().describe("in the label's units; null: not of numbers"),
  })
  .meta({ id: "FoldReport", description: "One model of a cross-validation, and the rows that it did not see." });

export const CrossValidationReport = z
  .object({
    folds: z.int().describe("parts of each division"),
    repeats: z.int().describe("divisions"),
    by: z.string().nullable().describe("the column whose equal values were kept in one fold; null: none"),
    rows: z.int().describe("rows that were predicted"),
    predictions: z
      .int()
      .describe("of them, one in each repeat: what the report counts, as in `confusion`, are predictions"),
    units: z.int().describe("rows, or groups of rows, that count as independent of each other: intervals rest on them"),
    inflation: z
      .number()
      .describe(
        "by which the variance of a mean over units is multiplied, because the models share training rows: 1 + folds/(folds − 1) (Nadeau & Bengio 2003)",
      ),
    models: z.array(FoldReport).describe("by repeat and fold"),
  })
  .meta({ id: "CrossValidationReport", description: "What a report of out-of-fold predictions is made of." });

export type CrossValidationReport = z.infer<typeof CrossValidationReport>;
export type FoldReport = z.infer<typeof FoldReport>;

/** What beside its weights makes a member of the ensemble of folds' models: which rows it has not seen, and how it takes the others. */
export interface FoldModel extends HeldOut {
  readonly preprocessing: Preprocessing;
}

/** The file beside the weights of such an ensemble; in the order of their first axis. */
export interface FoldModels {
  readonly models: readonly FoldModel[];
}
