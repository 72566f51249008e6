import { z } from "zod";
import { JobId, ModelId } from "../ids.ts";
import { Estimate } from "../models/estimate.ts";
import { ReportNote } from "../models/report.ts";
import { BestTrial } from "./study.ts";
import { TrialValues } from "./study-spec.ts";

export const Standing = z
  .object({
    trial: z.int().describe("its number"),
    job: JobId,
    model: ModelId.nullable().describe("what its job left; null where it has none"),
    values: TrialValues,
    objective: z.number().describe("the study's metric, at the end of the trial"),
    parameters: z.int().nullable().describe("weights of its model; null where the model is gone"),
    difference: Estimate.nullable().describe(
      "mean row score minus that of the trial `reference`, over the same validation rows: below 0 would be better; null where the model is gone",
    ),
    tied: z.boolean().nullable().describe("its interval holds 0: it cannot be told from the best"),
  })
  .meta({ id: "Standing", description: "The place of a trial that succeeded." });

export const Leaderboard = z
  .object({
    score: z.enum(["loss", "error", "squaredError"]).describe("what of a row `difference` is about: less is better"),
    rows: z.int().describe("how many are compared, counted as `unit` says"),
    unit: z
      .enum(["validation_row", "out_of_fold_row", "group"])
      .describe(
        "what `rows` counts: rows of the validation split, or under a cross-validation all rows, or the groups that it keeps together",
      ),
    items: z.array(Standing).describe("best first; at most 100"),
    best: BestTrial.nullable().describe("the first, and what its value is worth; null while no trial has succeeded"),
    simplest: z
      .int()
      .nullable()
      .describe("of those that cannot be told from the best the trial with the fewest weights"),
    reference: z
      .int()
      .nullable()
      .describe(
        "the trial that `difference` is from: the best whose model is still there; null: none has rows to compare",
      ),
    notes: z.array(ReportNote).describe("what cannot be compared, and why"),
  })
  .meta({ id: "Leaderboard", description: "The trials that succeeded, and which of them can be told from the best." });

const Importance = z
  .object({
    name: z.string().describe("the parameter's pointer; inside choice 1 of `/model` it begins with `/model/1/`"),
    importance: z.number().nullable().describe("share of the sum; null where it cannot be told, as `reason` says"),
    reason: z.string().nullable().describe("why it cannot be told; null where it can"),
  })
  .meta({ id: "Importance", description: "How much one parameter matters." });

export const Importances = z
  .object({
    trials: z.int().describe("that have a value"),
    items: z.array(Importance).describe("one for each parameter of the space"),
  })
  .meta({
    id: "Importances",
    description: "How much each parameter matters: how the best tenth of the trials differ from all.",
  });

export type Standing = z.infer<typeof Standing>;
export type Leaderboard = z.infer<typeof Leaderboard>;
export type Importances = z.infer<typeof Importances>;
