import { z } from "zod";
import { Row } from "../datasets/dataset.ts";
import { exactRecord } from "../exact-record.ts";
import { DatasetId, JobId, ModelId } from "../ids.ts";
import { Metrics, Timestamp } from "../jobs/job.ts";
import { JobSpec, type ResolvedJobSpec, TaskSpec } from "../jobs/spec/job-spec.ts";
import { limits } from "../limits.ts";
import { ImportedModel } from "./imported-model.ts";
import { StoredFile } from "./stored-file.ts";

export const NumberRange = z.object({ minimum: z.number(), maximum: z.number() }).meta({ id: "NumberRange" });

/** How one column becomes inputs. Fitted on the training split only; part of the model. */
export const FeatureTransform = z
  .discriminatedUnion("type", [
    /** (x − mean)/scale, x held within `clip` if there is one; a missing cell becomes the mean, and the indicator (if any) 1. */
    z.object({
      type: z.literal("number"),
      column: z.string(),
      mean: z.number(),
      scale: z.number(),
      missingIndicator: z.boolean(),
      range: NumberRange.optional().describe("of the training rows; models of earlier versions have none"),
      clip: NumberRange.optional().describe(
        "the training range and a tenth of it on either side: what a network says of numbers beyond it follows from nothing that it has seen",
      ),
    }),
    /**
     * One input per category of the file; those that the training split did not see are `unseen` and, like unknown ones, all zeros.
     * A missing cell is all zeros and the indicator (if the file has missing cells in this column) 1.
     */
    z.object({
      type: z.literal("category"),
      column: z.string(),
      categories: z.array(z.string()),
      unseen: z.array(z.string()),
      missingIndicator: z.boolean(),
    }),
    /** (p − mean)/scale of each channel of a pixel p from 0 to 255; one input for each, in H×W×C order. */
    z.object({
      type: z.literal("image"),
      column: z.string(),
      height: z.int(),
      width: z.int(),
      channels: z.int(),
      shorterSide: z.int().describe("to which a picture is scaled before its centre is cut out"),
      mean: z.array(z.number()),
      scale: z.array(z.number()),
      missingIndicator: z.literal(false),
    }),
  ])
  .meta({ id: "FeatureTransform" });

/** How the label becomes targets and outputs become answers. */
export const LabelTransform = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("classes"), column: z.string(), classes: z.array(z.string()) }),
    /** target = (y − mean)/scale; counts (Poisson) have mean 0 and scale 1. */
    z.object({ type: z.literal("number"), column: z.string(), mean: z.number(), scale: z.number() }),
    z.object({ type: z.literal("none") }),
  ])
  .meta({ id: "LabelTransform" });

export const Preprocessing = z
  .object({ features: z.array(FeatureTransform), label: LabelTransform, inputs: z.int(), outputs: z.int() })
  .meta({ id: "Preprocessing" });

export const Model = z
  .object({
    id: ModelId,
    name: z.string(),
    job: JobId.nullable(),
    dataset: DatasetId.nullable(),
    base: ModelId.nullable(),
    task: TaskSpec,
    spec: JobSpec,
    parameters: z.int(),
    metrics: Metrics,
    digest: z.string().describe("sha256:… of the weights' bytes in their fixed order"),
    files: z
      .object({ weights: StoredFile, report: StoredFile, scores: StoredFile.optional() })
      .optional()
      .describe("what `/weights` and the report are held against; models of earlier versions are without"),
    preprocessing: Preprocessing,
    createdAt: Timestamp,
  })
  .meta({ id: "Model" });

/** A model that was trained here, or one that was read from a file. */
export const AnyModel = z.union([Model, ImportedModel]);

/** A number, or numbers in lists of lists: one row's tensor. */
type Nested = number | Nested[];
const Nested: z.ZodType<Nested> = z.lazy(() => z.union([z.number(), z.array(Nested)])).meta({ id: "NestedNumbers" });

/** Rows of a network from a file: input name → its tensor, without the batch, in the file's order of axes; or its numbers in one list. */
export const TensorRows = z
  .strictObject({ rows: z.array(exactRecord(z.string(), Nested)).min(1).max(limits.predictRows) })
  .meta({ id: "TensorRows" });

export const PredictRequest = z
  .strictObject({
    rows: z.array(Row).min(1).max(limits.predictRows),
    strict: z.boolean().default(false).describe("refuse, with 422, what would be answered with a warning"),
  })
  .meta({ id: "PredictRequest" });

export const Prediction = z
  .union([
    z.object({ label: z.string(), probabilities: exactRecord(z.string(), z.number()) }),
    z.object({ value: z.number() }),
    z.object({ cluster: z.int(), distances: z.array(z.number()) }),
    z.object({ cluster: z.int(), probabilities: z.array(z.number()), logDensity: z.number() }),
    z.object({ logDensity: z.number() }),
    /** Of a network from a file: output name → its tensor; where its labels are known also what the first output says. */
    z.object({
      outputs: exactRecord(z.string(), Nested),
      label: z.string().optional(),
      probabilities: exactRecord(z.string(), z.number()).optional(),
    }),
    z.object({ reconstruction: exactRecord(z.string(), z.union([z.number(), z.string()])), error: z.number() }),
  ])
  .meta({ id: "Prediction" });

/** What a row has that training had not. */
export const PredictWarning = z
  .object({
    row: z.int().describe("from 0"),
    column: z.string(),
    code: z
      .enum(["unknown_category", "missing_feature", "unknown_feature", "out_of_range"])
      .describe(
        "a text that the training rows did not have; a feature left out, or null where training had none missing; a key that is no feature; a number more than a tenth of the training range beyond it",
      ),
    message: z.string(),
  })
  .meta({ id: "PredictWarning" });

export const PredictResponse = z
  .object({
    predictions: z.array(Prediction),
    warnings: z.array(PredictWarning).describe(`by row; at most ${limits.predictWarnings} are listed`),
    furtherWarnings: z.int().describe("how many more there are"),
  })
  .meta({ id: "PredictResponse" });

export type FeatureTransform = z.infer<typeof FeatureTransform>;
export type LabelTransform = z.infer<typeof LabelTransform>;
export type Preprocessing = z.infer<typeof Preprocessing>;
export type Model = Omit<z.infer<typeof Model>, "spec"> & { spec: ResolvedJobSpec };
export type AnyModel = Model | ImportedModel;
export type NestedNumbers = Nested;

export const isImported = (model: AnyModel): model is ImportedModel => "origin" in model && model.origin === "imported";

export type NumberRange = z.infer<typeof NumberRange>;
export type PredictWarning = z.infer<typeof PredictWarning>;
export type PredictResponse = z.infer<typeof PredictResponse>;
export type PredictRequest = z.infer<typeof PredictRequest>;
export type Prediction = z.infer<typeof Prediction>;
