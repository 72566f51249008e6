import { z } from "zod";
import { Row } from "../datasets/dataset.ts";
import { exactRecord } from "../exact-record.ts";
import { DatasetId, JobId, ModelId } from "../ids.ts";
import { Metrics, Timestamp } from "../jobs/job.ts";
import { JobSpec, type ResolvedJobSpec, TaskSpec } from "../jobs/spec/job-spec.ts";
import { limits } from "../limits.ts";
import { CoverageAnswer, coverageOptions } from "./conformal.ts";
import { ImportedModel } from "./imported-model.ts";
import { ModelVersion } from "./model-version.ts";
import { StoredFile } from "./stored-file.ts";

export const NumberRange = z
  .object({ minimum: z.number().describe("the least"), maximum: z.number().describe("the most") })
  .meta({ id: "NumberRange", description: "From the least to the most." });

const columnName = z.string().describe("the column's name");
const missing = z.boolean().describe("one more input is 1 where the cell is missing");

const ImageCrop = z
  .object({
    shorterSide: z.int().describe("to which the image is resized"),
    height: z.int().describe("rows of pixels that are cut out"),
    width: z.int().describe("pixels in a row that are cut out"),
  })
  .meta({
    id: "ImageCrop",
    description: "An image is resized (bilinear, every pixel counting where it shrinks), then its centre is cut out.",
  });

export const FeatureTransform = z
  .discriminatedUnion("type", [
    z
      .object({
        type: z.literal("number"),
        column: columnName,
        mean: z.number().describe("of the training rows; a missing cell becomes it"),
        scale: z.number().describe("standard deviation of the training rows, or 1 where they are all alike"),
        missingIndicator: missing,
        range: NumberRange.optional().describe("of the training rows; models of earlier versions have none"),
        clip: NumberRange.optional().describe(
          "the training range and a tenth of it on either side: what a network says of numbers beyond it follows from nothing that it has seen",
        ),
      })
      .meta({
        id: "NumberTransform",
        title: "Number",
        description: "(x − mean)/scale, x held within `clip` if there is one; a missing cell is 0.",
      }),
    z
      .object({
        type: z.literal("category"),
        column: columnName,
        categories: z.array(z.string()).describe("those of the file: one input for each, which is 1 for it and else 0"),
        unseen: z.array(z.string()).describe("those that the training rows did not have: like unknown ones, all zeros"),
        missingIndicator: missing,
      })
      .meta({
        id: "CategoryTransform",
        title: "Category",
        description: "One input for each category; an unknown one, and a missing cell, is all zeros.",
      }),
    z
      .object({
        type: z.literal("image"),
        column: columnName,
        height: z.int().describe("rows of pixels"),
        width: z.int().describe("pixels in a row"),
        channels: z.int().describe("3: red, green, blue; 1: grey"),
        shorterSide: z.int().describe("to which a picture is scaled before its centre is cut out"),
        crop: ImageCrop.optional().describe("what becomes of the image then; left out: it is taken as it is"),
        mean: z.array(z.number()).describe("of each channel: red, green, blue"),
        scale: z.array(z.number()).describe("of each channel: red, green, blue"),
        channelOrder: z
          .literal("bgr")
          .optional()
          .describe("the network gets blue first; left out: as the image has them"),
        missingIndicator: z.literal(false),
      })
      .meta({
        id: "ImageTransform",
        title: "Image",
        description: "(p − mean)/scale of each channel of a pixel p from 0 to 255; one input for each, in H×W×C order.",
      }),
  ])
  .meta({
    id: "FeatureTransform",
    title: "Feature",
    description: "How one column becomes inputs. Fitted on the training rows only; part of the model.",
  });

export const LabelTransform = z
  .discriminatedUnion("type", [
    z
      .object({
        type: z.literal("classes"),
        column: columnName,
        classes: z.array(z.string()).describe("in the order of the outputs"),
      })
      .meta({
        id: "ClassLabel",
        title: "Classes",
        description: "One output for each class, or one for the second of two.",
      }),
    z
      .object({
        type: z.literal("number"),
        column: columnName,
        mean: z.number().describe("of the training rows; 0 for counts"),
        scale: z.number().describe("standard deviation of the training rows; 1 for counts"),
      })
      .meta({ id: "NumberLabel", title: "Number", description: "target = (y − mean)/scale" }),
    z.object({ type: z.literal("none") }).meta({ id: "NoLabel", title: "None", description: "There is no label." }),
  ])
  .meta({
    id: "LabelTransform",
    title: "Label",
    description: "How the label becomes targets and outputs become answers.",
  });

export const Preprocessing = z
  .object({
    features: z.array(FeatureTransform).describe("in the order of the inputs"),
    label: LabelTransform,
    inputs: z.int().describe("numbers that a row becomes"),
    outputs: z.int().describe("numbers that the model answers"),
  })
  .meta({ id: "Preprocessing", description: "How cells become a model's inputs, and its outputs answers." });

export const Model = z
  .object({
    id: ModelId,
    name: z.string().describe("that of its job"),
    version: ModelVersion,
    job: JobId.nullable().describe("the job that made it"),
    dataset: DatasetId.nullable().describe("what it was trained on"),
    base: ModelId.nullable().describe("the model whose weights it started from; null: from none"),
    task: TaskSpec,
    spec: JobSpec.describe("its job's specification, with every default filled in"),
    parameters: z.int().describe("weights"),
    metrics: Metrics.describe("as they were at the end of training"),
    digest: z.string().describe("sha256:… of the weights' bytes in their fixed order"),
    files: z
      .object({
        weights: StoredFile,
        report: StoredFile,
        network: StoredFile.optional(),
        scores: StoredFile.optional(),
      })
      .meta({ id: "ModelFiles", description: "The files of a model." })
      .optional()
      .describe("what `/weights` and the report are held against; models of earlier versions are without"),
    preprocessing: Preprocessing,
    createdAt: Timestamp,
  })
  .meta({ id: "Model", title: "Trained here", description: "What a job left behind." });

/** A model that was trained here, or one that was read from a file. */
export const AnyModel = z.union([Model, ImportedModel]).meta({
  id: "AnyModel",
  title: "Model",
  description: "A model that was trained here, or (`origin: imported`) one that was read from a file.",
});

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
      })
      .meta({ id: "ClassPrediction", title: "Class", description: "Of a classification." }),
    z
      .object({
        value: z.number().describe("in the label's units"),
        interval: PredictionInterval.optional().describe(
          "with `coverage`: holds the row's value with this probability",
        ),
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
        "a text that the training rows did not have; a feature left out, or null where training had none missing; a key that is no feature; a number more than a tenth of the training range beyond it",
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
