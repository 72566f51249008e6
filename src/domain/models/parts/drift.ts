import { z } from "zod";
import { DatasetId } from "../../ids.ts";
import { Estimate } from "../estimate.ts";

const share = z.number().describe("share of the rows without a value, 0 to 1");

export const Drift = z
  .object({
    dataset: DatasetId.describe("that the model was trained on, with its test rows: what the columns are held against"),
    rows: z.int().describe("of the data set that is asked about"),
    rowsThere: z.int().describe("of the one that the model was trained on"),
    columns: z
      .array(
        z
          .object({
            column: z.string().describe("a feature, or the label"),
            shift: Estimate.nullable().describe(
              "(mean − mean there) / standard deviation there, with the interval that both data sets leave it as samples; null: no number, or it does not vary there",
            ),
            spread: z.number().nullable().describe("standard deviation / standard deviation there; null likewise"),
            beyond: z.boolean().nullable().describe("values lie outside the range there; null: no number"),
            distance: z
              .number()
              .nullable()
              .describe(
                "Σ |share − share there| / 2 over categories and missing cells, 0 to 1 (total variation); null: no category, or more than are counted",
              ),
            unseen: z.int().nullable().describe("rows with categories that are not there; null likewise"),
            missing: share,
            missingThere: share,
          })
          .meta({ id: "ColumnDrift", description: "How far a column is from what the model knows of it." }),
      )
      .describe("the farthest first, by the larger of |shift.value| and twice the distance; at most 100"),
  })
  .nullable()
  .default(null)
  .meta({
    id: "Drift",
    description:
      "Whether the columns are as they were; null where the model learnt from this data set, or that one was deleted",
  });

export type Drift = NonNullable<z.infer<typeof Drift>>;
