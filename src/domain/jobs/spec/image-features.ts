import { counted } from "../../counted.ts";
import type { Column, Dataset, ImageShape } from "../../datasets/dataset.ts";
import type { JobSpec, TaskSpec } from "./job-spec.ts";
import { ModelSpec } from "./model-spec.ts";
import { cropOf, type PreprocessingSpec, resizedTo, statedScaling, textSpecOf } from "./preprocessing-spec.ts";
import type { SpecErrors } from "./spec-errors.ts";
import { columnsByName, featureNames } from "./task-columns.ts";

/** The image that a network sees of one of a data set. */
export const seenImage = (image: ImageShape, spec: PreprocessingSpec | undefined): ImageShape => {
  const { height, width } = cropOf(image, spec) ?? image;
  return { height, width, channels: image.channels };
};

/** Pixels of an image, buckets of a text, or one number. */
const numbersOf = (column: Column | undefined, spec: PreprocessingSpec | undefined): number => {
  if (column?.type === "text") return textSpecOf(spec).buckets;
  if (column?.image === undefined) return 1;
  const { height, width, channels } = seenImage(column.image, spec);
  return height * width * channels;
};

/** How many numbers the features are, categories counted as one. */
export const countFeatureNumbers = (
  task: TaskSpec,
  dataset: Dataset,
  preprocessing: PreprocessingSpec | undefined,
): number => {
  const columns = columnsByName(dataset);
  return featureNames(task, dataset).reduce((sum, name) => sum + numbersOf(columns.get(name), preprocessing), 0);
};

export const hasImages = (task: TaskSpec, dataset: Dataset): boolean => {
  const columns = columnsByName(dataset);
  return featureNames(task, dataset).some((name) => columns.get(name)?.image !== undefined);
};

/** The image that the features are; null where there is another feature, or none is an image. */
export const onlyImageOf = (task: TaskSpec, dataset: Dataset): ImageShape | null => {
  const [name, ...others] = featureNames(task, dataset);
  if (name === undefined || others.length > 0) return null;
  return dataset.columns.find((column) => column.name === name)?.image ?? null;
};

const block = (filters: number) => [
  { type: "conv2d" as const, filters, padding: "same" as const, batchNorm: true },
  { type: "max_pool" as const },
];

/** Three blocks of convolution, normalisation and pooling, as far as the image has room for them; then the mean over what is left. */
export const defaultImageModel = ({ height, width }: ImageShape): ModelSpec => {
  const side = Math.min(height, width);
  const layers = [16, 32, 64].flatMap((filters, i) => (side >= 2 << i ? block(filters) : []));
  return ModelSpec.parse({ type: "cnn", layers: [...layers, { type: "global_average_pool" }] });
};

const augmented: ReadonlySet<ModelSpec["type"]> = new Set(["cnn", "mlp", "ensemble", "network"]);

/** Augmentation is of one image, and of models that see it again in each epoch. */
export const checkAugment = (
  { augment }: JobSpec["training"],
  image: ImageShape | null,
  model: ModelSpec,
  errors: SpecErrors,
): void => {
  if (augment === undefined) return;
  const add = (detail: string): void => errors.add("/training/augment", detail);
  if (image === null) add("it is of jobs whose only feature is an image; leave it out");
  else if (!augmented.has(model.type)) add(`a "${model.type}" model is not trained by epochs of images; leave it out`);
};

/** What is cut out lies within the resized image. */
const checkCrop = ({ preprocessing }: Pick<JobSpec, "preprocessing">, image: ImageShape, errors: SpecErrors): void => {
  const crop = cropOf(image, preprocessing);
  if (crop === null) return;
  const { height, width } = resizedTo(image, crop.shorterSide);
  if (crop.height <= height && crop.width <= width) return;
  const detail = `the images are ${height} × ${width} then, and ${crop.height} × ${crop.width} cannot be cut out of them; raise shorterSide, or cut out less`;
  errors.add("/preprocessing/crop", detail);
};

/** Images are features of tasks with a label and of k-means, and their scaling has a number for each channel. */
export const checkImageFeatures = (
  spec: Pick<JobSpec, "task" | "preprocessing">,
  dataset: Dataset,
  errors: SpecErrors,
): void => {
  const columns = columnsByName(dataset);
  const names = featureNames(spec.task, dataset);
  const image = names.map((name) => columns.get(name)?.image).find((shape) => shape !== undefined);
  if (image === undefined) {
    const {
      texts,
      numbers,
      logarithm,
      columns: own,
      embeddings,
      ...ofImages
    } = spec.preprocessing ?? { images: "standardize" };
    const stated = Object.keys(ofImages).length > 1 || ofImages.images !== "standardize";
    const ofTables = [texts, numbers, logarithm, own, embeddings].some((part) => part !== undefined);
    if (spec.preprocessing !== undefined && (stated || !ofTables))
      errors.add("/preprocessing/images", "none of the features is an image; leave it out");
    return;
  }
  checkCrop(spec, image, errors);
  const { type } = spec.task;
  if (type === "density_estimation" || type === "reconstruction") {
    errors.add("/task/type", `images are features of classification, regression and clustering, not of ${type}`);
  }
  const scaling = spec.preprocessing && statedScaling(spec.preprocessing.images, image.channels);
  for (const part of ["mean", "deviation"] as const) {
    const values = scaling?.[part];
    if (values === undefined || values.length === image.channels) continue;
    const detail = `${values.length} numbers for images of ${counted(image.channels, "channel")}; give as many, or choose "standardize"`;
    errors.add(
      typeof spec.preprocessing?.images === "object" ? `/preprocessing/images/${part}` : "/preprocessing/images",
      detail,
    );
  }
};
