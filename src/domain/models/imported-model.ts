import { z } from "zod";
import { ModelId } from "../ids.ts";
import { Metrics, Timestamp } from "../jobs/job.ts";
import { limits } from "../limits.ts";
import { ImagePreprocessing, ImagePreset, StatedPreprocessing, statedLength } from "./image-preprocessing.ts";
import { ModelVersion } from "./model-version.ts";
import { StoredFile } from "./stored-file.ts";

export const TensorPort = z
  .object({
    name: z.string().describe("as the file has it"),
    type: z.enum(["float32"]).describe("of its numbers"),
    shape: z.array(z.int()).describe("its axes in the file's order; −1 is the batch"),
  })
  .meta({ id: "TensorPort", description: "An input or output of a network." });

export const ImportFormat = z.enum(["onnx", "zip", "safetensors"]);

export const ImportedFile = z
  .object({
    format: ImportFormat.describe("its kind"),
    bytes: z.int().describe("its size"),
    sha256: z.string().describe("of the whole file, in hexadecimal"),
    producer: z.string().describe("what wrote it, as it says"),
    opset: z.int().nullable().describe("ONNX's version of operators; null: another kind of file"),
  })
  .meta({ id: "ImportedFile", description: "The file that a model was read from, as it came." });

/** A network that was read from a file: no job, no data, no report, but weights to start from. */
export const ImportedModel = z
  .object({
    id: ModelId,
    name: z.string().describe("as given at the import"),
    version: ModelVersion,
    origin: z.literal("imported"),
    job: z.null().describe("no job made it"),
    dataset: z.null().describe("what it was trained on is not known"),
    base: z.null().describe("what it started from is not known"),
    parameters: z.int().describe("weights, running averages not counted"),
    metrics: Metrics.describe("none"),
    digest: z.string().describe("sha256:… of the weights' bytes in their fixed order"),
    files: z
      .object({ weights: StoredFile, network: StoredFile })
      .meta({ id: "ImportedFiles", description: "The files of an imported model." })
      .describe("what the stored files are held against"),
    architecture: z
      .string()
      .nullable()
      .describe("the built-in family, or the spec as JSON, that a safetensors file's tensors belong to"),
    inputs: z.array(TensorPort).describe("what a row is made of"),
    outputs: z.array(TensorPort).describe("what it answers"),
    trainable: z.array(z.string()).describe("names of the tensors that training changes"),
    frozen: z.array(z.string()).describe("constants and running averages"),
    head: z.string().nullable().describe("the layer that newHead replaces; null if there is none"),
    labels: z
      .array(z.string())
      .nullable()
      .describe("names of the first output's columns, as the upload had them or as they were stated"),
    image: ImagePreprocessing.nullable().describe("null: the input is no picture, or nothing is known of it"),
    warnings: z.array(z.string()).describe("what reading the file passed over"),
    found: z
      .array(z.string())
      .optional()
      .describe("what the file says of its labels and pictures, and where; imports of earlier versions are without"),
    licence: z.string().nullable().describe("of the weights, as given"),
    source: z.string().nullable().describe("where the file comes from, as given"),
    file: ImportedFile,
    createdAt: Timestamp,
  })
  .meta({
    id: "ImportedModel",
    title: "Imported",
    description: "A network that was read from a file: no job, no data, no report, but weights to start from.",
  });

export const ImportParameters = z.object({
  name: z.string().min(1).max(limits.nameLength).default("untitled"),
  /** A name, or a spec as JSON. */
  architecture: z.string().min(1).max(limits.architectureLength).optional(),
  /** As 640x480: sizes that an ONNX file's inputs leave open behind the batch. */
  sizes: z
    .string()
    .regex(/^[1-9]\d{0,6}(x[1-9]\d{0,6}){0,15}$/, "must be sizes joined by x, such as 640x480")
    .transform((text) => text.split("x").map(Number))
    .optional(),
  /** A name, or numbers as JSON. */
  preprocessing: z.string().min(1).max(statedLength).optional(),
  licence: z.string().min(1).max(limits.nameLength).optional(),
  source: z.string().min(1).max(2000).optional(),
});

/** What may be said of an imported model afterwards; what is left out stays as it is. */
export const UpdateModelRequest = z
  .strictObject({
    labels: z
      .array(z.string().min(1).max(limits.classNameLength))
      .min(1)
      .nullable()
      .optional()
      .describe("names of the first output's columns, in their order; null: none"),
    preprocessing: z
      .union([ImagePreset, StatedPreprocessing])
      .optional()
      .describe("what pictures become before the network sees them: by name or by numbers; `none`: nothing is known"),
    licence: z.string().min(1).max(limits.nameLength).nullable().optional().describe("of the weights"),
    source: z.string().min(1).max(2000).nullable().optional().describe("where the file comes from"),
  })
  .meta({
    id: "UpdateModelRequest",
    description: "What is to be changed of an imported model: one of these at least.",
  });

export type UpdateModelRequest = z.infer<typeof UpdateModelRequest>;
export type TensorPort = z.infer<typeof TensorPort>;
export type ImportFormat = z.infer<typeof ImportFormat>;
export type ImportedModel = z.infer<typeof ImportedModel>;

/** What reading a file tells of the model that it becomes. */
export type ImportedNetwork = Pick<
  ImportedModel,
  | "parameters"
  | "digest"
  | "files"
  | "inputs"
  | "outputs"
  | "trainable"
  | "frozen"
  | "head"
  | "labels"
  | "warnings"
  | "found"
  | "image"
  | "architecture"
> & { readonly producer: string; readonly opset: number | null };
