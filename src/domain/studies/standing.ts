import { z } from "zod";
import { JobId, ModelId } from "../ids.ts";
import { Estimate } from "../models/report.ts";
import { BestTrial } from "./study.ts";
import { TrialValues } from "./study-spec.ts";

/** A succeeded trial's place. */
export const Standing = z
  .object({
    trial: z.int(),
    job: JobId,
    model: ModelId.nullable(),
    values: TrialValues,
    objective: z.number(),
    parameters: z.int().nullable(),
    difference: Estimate.nullable().describe(
      "mean row score minus the best trial's, over the same validation rows: below 0 would be better; null where the model is gone",
    ),
    tied: z.boolean().nullable().describe("its interval holds 0: it cannot be told from the best"),
  })
  .meta({ id: "Standing" });

export const Leaderboard = z
  .object({
    score: z.enum(["loss", "error", "squaredError"]).describe("what of a row `difference` is about: less is better"),
    rows: z.int().describe("validation rows that are compared"),
    items: z.array(Standing).describe("best first; at most 100"),
    best: BestTrial.nullable(),
    simplest: z
      .int()
      .nullable()
      .describe("of those that cannot be told from the best the trial with the fewest weights"),
  })
  .meta({ id: "Leaderboard" });

export const Importances = z
  .object({
    trials: z.int().describe("that have a value"),
    items: z.array(
      z.object({
        name: z.string().describe("the parameter's pointer; inside choice 1 of `/model` it begins with `/model/1/`"),
        importance: z.number().nullable().describe("share of the sum; null where fewer than ten trials have it"),
      }),
    ),
  })
  .meta({ id: "Importances" });

export type Standing = z.infer<typeof Standing>;
export type Leaderboard = z.infer<typeof Leaderboard>;
export type Importances = z.infer<typeof Importances>;
