import { z } from "zod";

export const NumberRange = z
  .object({ minimum: z.number().describe("the least"), maximum: z.number().describe("the most") })
  .meta({ id: "NumberRange", description: "From the least to the most." });

export const columnName = z.string().describe("the column's name");
export const missingWords = z
  .array(z.string())
  .optional()
  .describe("texts that are missing cells; left out: none but empty ones");
export const missing = z.boolean().describe("one more input is 1 where the cell is missing");

const NormalScores = z
  .object({
    values: z.array(z.number()).describe("quantiles of the training rows, each larger than the one before"),
    scores: z.array(z.number()).describe("the normal quantile of the share of rows below each"),
  })
  .meta({
    id: "NormalScores",
    description:
      "x becomes its score: between two values in a straight line, beyond the first and the last that of these. Left out: x stays.",
  });

export const NumberTransform = z
  .object({
    type: z.literal("number"),
    column: columnName,
    mean: z
      .number()
      .describe(
        "of the training rows, or what the scaling has in its place: the median, or 0; a missing cell becomes it",
      ),
    scale: z
      .number()
      .describe(
        "standard deviation of the training rows, or what the scaling has in its place, or 1 where they are all alike",
      ),
    logShift: z
      .number()
      .optional()
      .describe("x is ln(x + logShift) from here on: 0, or 1 where the file has a 0; left out: no logarithm is taken"),
    quantiles: NormalScores.optional(),
    smoothClip: z.number().optional().describe("c: y = (x − mean)/scale becomes y/√(1 + (y/c)²); left out: y stays"),
    missingIndicator: missing,
    unlearnt: z
      .literal(true)
      .optional()
      .describe("no training row has a value, so that every value counts as missing; else left out"),
    missingWords,
    range: NumberRange.optional().describe("of the training rows; models of earlier versions have none"),
    clip: NumberRange.optional().describe(
      "the training range and a tenth of it on either side: what a network says of numbers beyond it follows from nothing that it has seen",
    ),
  })
  .meta({
    id: "NumberTransform",
    title: "Number",
    description:
      "(x − mean)/scale, x held within `clip` if there is one; then, where they are there, x is its logarithm and its normal score before, and y is clipped smoothly after; a missing cell is 0.",
  });

export type NumberRange = z.infer<typeof NumberRange>;
