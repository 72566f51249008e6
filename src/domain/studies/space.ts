import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { limits } from "../limits.ts";

/** A number to choose: between two ends, evenly in its scale. */
export const RangeParameter = z
  .strictObject({
    min: z.number(),
    max: z.number(),
    scale: z.enum(["linear", "log"]).default("linear"),
    type: z.enum(["number", "integer"]).default("number"),
    step: z.number().positive().optional().describe("only min, min + step, min + 2 step, …; 1 for integers"),
  })
  .meta({ id: "RangeParameter" });

/** One of several JSON values; inside objects and lists among them, further parameters of the same two shapes hold where this choice is made. */
export const ChoiceParameter = z
  .strictObject({ choices: z.array(z.json()).min(1).max(limits.studyChoices) })
  .meta({ id: "ChoiceParameter" });

/** JSON pointer into the job → what is tried there. */
export const Space = exactRecord(z.string(), z.union([RangeParameter, ChoiceParameter])).meta({ id: "Space" });

export type RangeParameter = z.infer<typeof RangeParameter>;
export type ChoiceParameter = z.infer<typeof ChoiceParameter>;
export type Space = z.input<typeof Space>;
export type Json = z.infer<ReturnType<typeof z.json>>;
