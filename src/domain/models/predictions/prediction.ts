import { z } from "zod";
import { Row } from "../../datasets/dataset.ts";
import { exactRecord } from "../../exact-record.ts";
import { limits } from "../../limits.ts";
import { CoverageAnswer, coverageOptions } from "../conformal.ts";
import { Explanation, explainOption } from "./explanation.ts";

/** A number, or numbers in lists of lists: one row's tensor. */
type Nested = number | Nested[];
const Nested: z.ZodType<Nested> = z
  .lazy(() => z.union([z.number(), z.array(Nested)]))
  .meta({
    id: "NestedNumbers",
    title: "Numbers",
    description: "A number, or numbers in lists of lists: one row's tensor.",
  });

const tensor =
  "input name → its tensor, without the batch, in the file's order of axes; or its numbers in one list; or a picture, its file in base64";

/** Rows of a network from a file. */
export const TensorRows = z
  .strictObject({
    rows: z
      .array(exactRecord(z.string(), z.union([Nested, z.string().meta({ title: "Picture" })])))
      .min(1)
      .max(limits.predictRows)
      .describe(tensor),
  })
  .meta({ id: "TensorRows", title: "Tensors", description: "Rows for a network from a file." });

export const PredictRequest = z
  .strictObject({
    rows: z.array(Row).min(1).max(limits.predictRows).describe("raw, as in the data set"),
    strict: z.boolean().default(false).describe("refuse, with 422, what would be answered with a warning"),
    ...coverageOptions,
    ...explainOption,
  })
  .meta({ id: "PredictRequest", title: "Rows", description: "Rows for a model that was trained here." });

/** What a prediction may be asked with. */
export const AnyPredictRequest = z
  .union([PredictRequest, TensorRows])
  .meta({ id: "AnyPredictRequest", title: "Rows", description: "Rows to predict, as the model takes them." });

const logDensity = z.number().describe("natural logarithm of the row's density, in the units of the data");

export const PredictionInterval = z
  .object({ lower: z.number().describe("where it begins"), upper: z.number().describe("where it ends") })
  .meta({ id: "ValueInterval", description: "Of a value, in the label's units." });

const explanation = Explanation.optional().describe("with `explain`: what the columns contribute to the answer");

export const Prediction = z
  .union([
    z
      .object({
        label: z.string().describe("the most probable class"),
        probabilities: exactRecord(z.string(), z.number()).describe("class → probability"),
        set: z
          .array(z.string())
          .optional()
          .describe("with `coverage`: classes that hold the row's own with this probability, the likeliest first"),
        explanation,
      })
      .meta({ id: "ClassPrediction", title: "Class", description: "Of a classification." }),
    z
      .object({
        value: z.number().describe("in the label's units"),
        interval: PredictionInterval.optional().describe(
          "with `coverage`: holds the row's value with this probability",
        ),
        quantiles: PredictionInterval.optional().describe(
          "of a model with `loss.interval`: the label's lower and upper quantile as the model predicts them, the value between them; `interval` is what they come to by the errors of held-out rows",
        ),
        explanation,
      })
      .meta({ id: "NumberPrediction", title: "Number", description: "Of a regression." }),
    z
      .object({
        cluster: z.int().describe("the nearest, from 0"),
        distances: z.array(z.number()).describe("from each centroid, in standard deviations of the features"),
      })
      .meta({ id: "ClusterPrediction", title: "Cluster", description: "Of k-means." }),
    z
      .object({
        cluster: z.int().describe("the most probable, from 0"),
        probabilities: z.array(z.number()).describe("of each component"),
        logDensity,
      })
      .meta({ id: "ComponentPrediction", title: "Component", description: "Of a mixture that clusters." }),
    z
      .object({ logDensity })
      .meta({ id: "DensityPrediction", title: "Density", description: "Of a density estimation." }),
    z
      .object({
        outputs: exactRecord(z.string(), Nested).describe("output name → its tensor"),
        label: z
          .string()
          .optional()
          .describe("the class of the first output's largest number, where classes are known"),
        probabilities: exactRecord(z.string(), z.number()).optional().describe("class → the first output's number"),
      })
      .meta({ id: "TensorPrediction", title: "Tensors", description: "Of a network from a file." }),
    z
      .object({
        reconstruction: exactRecord(z.string(), z.union([z.number(), z.string()])).describe("column → its cell"),
        error: z.number().describe("mean squared error over the standardised inputs"),
      })
      .meta({ id: "Reconstruction", title: "Reconstruction", description: "Of an autoencoder." }),
  ])
  .meta({ id: "Prediction", title: "Prediction", description: "One row's answer; its shape is that of the task." });

export const PredictWarning = z
  .object({
    row: z.int().describe("from 0"),
    column: z.string().describe("the column's name"),
    code: z
      .enum(["unknown_category", "missing_feature", "unknown_feature", "out_of_range"])
      .describe(
        "a text that the training rows did not have; a feature left out, or null where training had none missing; a key that is no feature; a number beyond the training range by more than a tenth of it, in logarithms where the model learnt by them, or below 0 where training had nothing below",
      ),
    message: z.string().describe("what it counts as"),
  })
  .meta({ id: "PredictWarning", description: "What a row has that training had not." });

export const PredictResponse = z
  .object({
    predictions: z.array(Prediction).describe("in the order of the rows"),
    warnings: z.array(PredictWarning).describe(`by row; at most ${limits.predictWarnings} are listed`),
    furtherWarnings: z.int().describe("how many more there are"),
    coverage: CoverageAnswer.optional().describe("with `coverage`: what is promised, and on what grounds"),
  })
  .meta({ id: "PredictResponse", description: "One prediction for each row." });

export type NestedNumbers = Nested;
export type PredictWarning = z.infer<typeof PredictWarning>;
export type PredictResponse = z.infer<typeof PredictResponse>;
export type PredictRequest = z.infer<typeof PredictRequest>;
/** As it is sent. */
export type PredictRequestInput = z.input<typeof PredictRequest>;
export type Prediction = z.infer<typeof Prediction>;
