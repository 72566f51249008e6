import { z } from "zod";
import { ModelId } from "../ids.ts";
import { Metrics, Timestamp } from "../jobs/job.ts";
import { limits } from "../limits.ts";
import { ModelVersion } from "./model-version.ts";
import { StoredFile } from "./stored-file.ts";

/** An input or output of a network, as its file has it; −1 is the batch. */
export const TensorPort = z
  .object({ name: z.string(), type: z.enum(["float32"]), shape: z.array(z.int()) })
  .meta({ id: "TensorPort" });

/**
 * How a picture becomes the network's input: its shorter side is resized, the centre is cut out, then each channel becomes
 * (scale · pixel − mean)/deviation, pixels being 0 … 255.
 */
export const ImagePreprocessing = z
  .strictObject({
    shorterSide: z.int().min(1).max(4096),
    height: z.int().min(1).max(4096),
    width: z.int().min(1).max(4096),
    scale: z.number().positive(),
    mean: z.array(z.number()).min(1).max(4),
    deviation: z.array(z.number().positive()).min(1).max(4),
  })
  .meta({ id: "ImagePreprocessing" });

/** What is known by name: torchvision's for ImageNet, and −1 … 1 as MobileNet's first version has it. */
export const ImagePreset = z.enum(["imagenet", "minus_one_to_one", "none"]);

export const ImportFormat = z.enum(["onnx", "zip", "safetensors"]);

/** The file that a model was read from, as it came and as it says of itself. */
const ImportedFile = z.object({
  format: ImportFormat,
  bytes: z.int(),
  sha256: z.string(),
  producer: z.string(),
  opset: z.int().nullable(),
});

/** A network that was read from a file: no job, no data, no report, but weights to start from. */
export const ImportedModel = z
  .object({
    id: ModelId,
    name: z.string(),
    version: ModelVersion,
    origin: z.literal("imported"),
    job: z.null(),
    dataset: z.null(),
    base: z.null(),
    parameters: z.int().describe("weights, running averages not counted"),
    metrics: Metrics,
    digest: z.string().describe("sha256:… of the weights' bytes in their fixed order"),
    files: z.object({ weights: StoredFile, network: StoredFile }).describe("what the stored files are held against"),
    architecture: z.string().nullable().describe("the built-in family that a safetensors file's tensors belong to"),
    inputs: z.array(TensorPort),
    outputs: z.array(TensorPort),
    trainable: z.array(z.string()).describe("names of the tensors that training changes"),
    frozen: z.array(z.string()).describe("constants and running averages"),
    head: z.string().nullable().describe("the layer that newHead replaces; null if there is none"),
    labels: z.array(z.string()).nullable().describe("names of the first output's columns, if the upload had them"),
    image: ImagePreprocessing.nullable().describe("null: the input is no picture, or nothing is known of it"),
    warnings: z.array(z.string()),
    licence: z.string().nullable(),
    source: z.string().nullable().describe("where the file comes from, as given"),
    file: ImportedFile,
    createdAt: Timestamp,
  })
  .meta({ id: "ImportedModel" });

export const ImportParameters = z.object({
  name: z.string().min(1).max(limits.nameLength).default("untitled"),
  architecture: z.string().min(1).max(limits.nameLength).optional(),
  preprocessing: ImagePreset.optional(),
  licence: z.string().min(1).max(limits.nameLength).optional(),
  source: z.string().min(1).max(2000).optional(),
});

export type TensorPort = z.infer<typeof TensorPort>;
export type ImagePreprocessing = z.infer<typeof ImagePreprocessing>;
export type ImagePreset = z.infer<typeof ImagePreset>;
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
  | "architecture"
> & { readonly producer: string; readonly opset: number | null };
