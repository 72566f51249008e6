import { z } from "zod";
import { DateCycle, DateOrder } from "../datasets/dataset.ts";
import { DatasetId, JobId, ModelId } from "../ids.ts";
import { Metrics, Timestamp } from "../jobs/job.ts";
import { JobSpec, type ResolvedJobSpec, TaskSpec } from "../jobs/spec/job-spec.ts";
import { ImportedModel } from "./imported-model.ts";
import { ModelVersion } from "./model-version.ts";
import { IsotonicCalibration } from "./parts/isotonic.ts";
import { columnName, missing, missingWords, NumberRange, NumberTransform } from "./parts/number-transform.ts";
import { StoredFile } from "./stored-file.ts";

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
    NumberTransform,
    z
      .object({
        type: z.literal("category"),
        column: columnName,
        categories: z.array(z.string()).describe("those of the file: one input for each, which is 1 for it and else 0"),
        unseen: z.array(z.string()).describe("those that the training rows did not have: like unknown ones, all zeros"),
        reference: z
          .string()
          .optional()
          .describe("the category that is all zeros as well: others are told from it; left out: none"),
        missingIndicator: missing,
        missingWords,
      })
      .meta({
        id: "CategoryTransform",
        title: "Category",
        description: "One input for each category; an unknown one, and a missing cell, is all zeros.",
      }),
    z
      .object({
        type: z.literal("datetime"),
        column: columnName,
        mean: z.number().describe("of the training rows, in days since 1970-01-01T00:00Z; a missing cell becomes it"),
        scale: z.number().describe("standard deviation of the training rows in days, or 1 where they are all alike"),
        cycles: z
          .array(DateCycle)
          .describe(
            "two inputs for each, sin 2πu and cos 2πu of its phase u in UTC: the time of day from midnight on; the day of the week from Monday on; the time of the mean year of 365.2425 days from 1 January on",
          ),
        missingIndicator: missing,
        unlearnt: z
          .literal(true)
          .optional()
          .describe("no training row has a value, so that every value counts as missing"),
        missingWords,
        dates: DateOrder.optional().describe(
          "how texts such as 03/04/2026 are read, as the data set's; left out: they are refused",
        ),
        range: NumberRange.optional().describe("of the training rows, in days since 1970"),
        clip: NumberRange.optional().describe("the elapsed time is held within it, as a number's is"),
      })
      .meta({
        id: "DatetimeTransform",
        title: "Date and time",
        description:
          "(d − mean)/scale of the days d since 1970, d held within `clip` if there is one, then the cycles; all 0 where it is missing.",
      }),
    z
      .object({
        type: z.literal("text"),
        column: columnName,
        words: z.int().describe("up to so many neighbouring words are one term"),
        characters: z.int().describe("so many neighbouring characters are a term as well; 0: none"),
        buckets: z.int().describe("inputs: a term counts in the one whose number is |MurmurHash3(term)| mod buckets"),
        weights: z
          .array(z.number())
          .optional()
          .describe("of each bucket, ln((1 + n)/(1 + d)) + 1 of the training rows; left out: 1"),
        missingIndicator: missing,
        missingWords,
      })
      .meta({
        id: "TextTransform",
        title: "Text",
        description: "Weighted counts of the terms in each bucket, divided by the root of their sum of squares.",
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
        threshold: z
          .number()
          .optional()
          .describe(
            "the probability from which on the second of two classes is the answer; left out: the likelier class is",
          ),
        calibration: IsotonicCalibration.optional().describe(
          "what becomes of the probabilities of the outputs; left out: they are as the weights give them",
        ),
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
    weight: z
      .string()
      .optional()
      .describe("the column that the training rows were weighted by: a row to predict may have it, and need not"),
    offset: z
      .object({
        column: z.string().describe("that each row to predict needs"),
        key: z.enum(["exposure", "offset"]).describe("as it is, above 0, or as its logarithm"),
      })
      .meta({ id: "RateOffset", description: "What a count is of: answers are the rate times it." })
      .optional()
      .describe("of counts with an exposure; left out: of one unit"),
  })
  .meta({ id: "Preprocessing", description: "How cells become a model's inputs, and its outputs answers." });

export const Model = z
  .object({
    id: ModelId,
    name: z.string().describe("that of its job"),
    version: ModelVersion,
    job: JobId.nullable().describe("the job that made it"),
    dataset: DatasetId.nullable().describe("what it was trained on"),
    datasetVersion: z
      .int()
      .optional()
      .describe("of the types of the data set's columns when the job was planned; left out: the first"),
    base: ModelId.nullable().describe("the model whose weights it started from; null: from none"),
    task: TaskSpec,
    spec: JobSpec.describe("its job's specification, with every default filled in"),
    parameters: z.int().describe("weights"),
    metrics: Metrics.describe("as they were at the end of training"),
    digest: z.string().describe("sha256:… of the weights' bytes in their fixed order"),
    refit: z
      .object({
        measuredDigest: z.string().describe("sha256:… of the weights that the report was measured with"),
        measuredRows: z.int().describe("training rows of the measured model"),
        rows: z.int().describe("every row: what this model was trained on"),
        epochs: z.int().describe("after which the measured model was best, and this one was done"),
        l2: z.number().describe("the penalty of this fit: that of the measured one times measuredRows / rows"),
      })
      .meta({ id: "Refit", description: "A model that was fitted once more, on every row, after one was measured." })
      .optional()
      .describe("absent: the report is of this very model"),
    files: z
      .object({
        weights: StoredFile,
        report: StoredFile,
        network: StoredFile.optional(),
        scores: StoredFile.optional(),
        background: StoredFile.optional().describe("training rows that predictions are explained against"),
        heldOut: StoredFile.optional().describe("as `/held-out` gives it"),
        measured: StoredFile.optional().describe(
          "the models that were measured, beside the one that is kept: of a cross-validation those of the folds of the first repeat, of a refit the one before it; predictions with `coverage` ask them",
        ),
        folds: StoredFile.optional().describe(
          "of an ensemble of folds' models: the preprocessing of each, in the order of the first axis of the weights' tensors",
        ),
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

export type FeatureTransform = z.infer<typeof FeatureTransform>;
export type LabelTransform = z.infer<typeof LabelTransform>;
export type Preprocessing = z.infer<typeof Preprocessing>;
export type Model = Omit<z.infer<typeof Model>, "spec"> & { spec: ResolvedJobSpec };
export type AnyModel = Model | ImportedModel;

/** A feature whose first input is a quantity on its own scale, (x − mean)/scale: a number, or the days of a date. */
export type ScaledTransform = Extract<FeatureTransform, { type: "number" | "datetime" }>;
export const isScaled = (feature: FeatureTransform): feature is ScaledTransform =>
  feature.type === "number" || feature.type === "datetime";

/** A number whose first input is no straight line of what stands in the file, or of its logarithm. */
const isBent = (feature: FeatureTransform): boolean =>
  feature.type === "number" && (feature.smoothClip !== undefined || feature.quantiles !== undefined);

/** A feature whose first input is (x − mean)/scale of the data's x or its logarithm, so that a coefficient can be one of x or of its logarithm. */
export const isStraight = (feature: FeatureTransform): feature is ScaledTransform =>
  isScaled(feature) && !isBent(feature);

export const isImported = (model: AnyModel): model is ImportedModel => "origin" in model && model.origin === "imported";
