import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { JsonValue } from "../json-value.ts";
import { limits } from "../limits.ts";

export const RangeParameter = z
  .strictObject({
    min: z.number().describe("The lowest value, in the unit of the job's field; above 0 on a log scale."),
    max: z.number().describe("The highest value; with a step the last that it reaches."),
    scale: z
      .enum(["linear", "log"])
      .default("linear")
      .describe("Whether equal distances or equal ratios are equally likely."),
    type: z.enum(["number", "integer"]).default("number").describe("What the job's field takes."),
    step: z
      .number()
      .positive()
      .optional()
      .describe(
        "Only min, min + step, min + 2 step, …; not on a log scale. Left out: 1 for integers, else any number.",
      ),
  })
  .meta({
    id: "RangeParameter",
    title: "Range",
    description: "A number to choose: between two ends, evenly in its scale.",
  });

export const ChoiceParameter = z
  .strictObject({
    choices: z.array(JsonValue).min(1).max(limits.studyChoices).describe("Values of the job's field, in any order."),
  })
  .meta({
    id: "ChoiceParameter",
    title: "Choice",
    description:
      "One of several JSON values. Inside objects and lists among them, further ranges and choices hold where this choice is made.",
  });

export const Space = exactRecord(z.string(), z.union([RangeParameter, ChoiceParameter])).meta({
  id: "Space",
  description: "JSON pointer into the job → what is tried there, as `/optimizer/learningRate`.",
});

export type RangeParameter = z.infer<typeof RangeParameter>;
export type ChoiceParameter = z.infer<typeof ChoiceParameter>;
export type Space = z.input<typeof Space>;
export type Json = JsonValue;
