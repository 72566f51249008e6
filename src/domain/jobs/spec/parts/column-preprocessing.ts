import { z } from "zod";
import { exactRecord } from "../../../exact-record.ts";
import { limits } from "../../../limits.ts";

const columnName = z.string().min(1).max(limits.nameLength);
const dimensions = z.int().min(1).max(256);

/** Smooth clipping of RealMLP (Holzmüller, Grinsztajn & Steinwart 2024): y/√(1 + (y/3)²), within ±3. */
export const smoothLimit = 3;

export const NumberScaling = z.enum(["none", "standardize", "robust", "quantile"]).meta({
  id: "NumberScaling",
  description:
    "What numbers become, by the training rows: `none` as they are; `standardize` (x − mean)/deviation; `robust` y = (x − median)/(q₇₅ − q₂₅), the half of the range where the quartiles are equal, then y/√(1 + (y/3)²), so that nothing is beyond ±3; `quantile` the normal quantile of the share of rows below, in a straight line between 257 of them at most.",
});

export const Logarithms = z.enum(["none", "auto"]).meta({
  id: "Logarithms",
  description:
    "Of which columns of numbers the logarithm is taken where `columns` does not say: `none`; `auto` those of 50 rows and more with a long tail above (no number below 0, the standard deviation above the mean, and the largest more than 5 of it from the mean), unless their scaling is `quantile`, to which it would be the same. The record has them in `columns`.",
});

export const EmbeddingsSpec = z
  .strictObject({
    fromLevels: z.int().min(2).default(10).describe("Columns of so many categories and more are embedded."),
    dimensions: dimensions.default(8).describe("Numbers that a category becomes."),
  })
  .meta({
    id: "EmbeddingsSpec",
    description:
      "Each category of a column has numbers of its own, which a multilayer perceptron learns, instead of an input of its own.",
  });

export const ColumnPreprocessing = z
  .strictObject({
    scaling: NumberScaling.optional().describe("Of a column of numbers. Left out: that of all, `numbers`."),
    logarithm: z
      .boolean()
      .optional()
      .describe(
        "`true`: of a column of numbers, none below 0, the natural logarithm is scaled: ln x, or ln(1 + x) where the file has a 0. Left out: `false`.",
      ),
    referenceLevel: z
      .string()
      .optional()
      .describe(
        "Of a column of categories, the one whose inputs are all 0: coefficients of the others are differences from it. Left out: each category has an input; coefficients are differences from the first one.",
      ),
    embedding: z
      .union([
        z.literal(false).meta({ title: "None" }),
        z
          .strictObject({ dimensions: dimensions.default(8).describe("Numbers that a category becomes.") })
          .meta({ id: "ColumnEmbedding", title: "Learnt", description: "Numbers of each category, which are learnt." }),
      ])
      .optional()
      .describe("Of a column of categories, with a multilayer perceptron. Left out: as `embeddings` says."),
  })
  .meta({
    id: "ColumnPreprocessing",
    description: "How one column becomes inputs, where that is not as of the others.",
  });

export const columnsField = exactRecord(columnName, ColumnPreprocessing)
  .refine((columns) => Object.keys(columns).length <= limits.columns, `must have at most ${limits.columns} entries`)
  .optional()
  .describe("By a column's name, what it has of its own. Left out: nothing.");

export type NumberScaling = z.infer<typeof NumberScaling>;
export type ColumnPreprocessing = z.infer<typeof ColumnPreprocessing>;
