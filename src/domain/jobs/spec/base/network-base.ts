import { counted } from "../../../counted.ts";
import type { Dataset, ImageShape } from "../../../datasets/dataset.ts";
import type { ImagePreprocessing } from "../../../models/image-preprocessing.ts";
import { pictureOf } from "../../../models/image-presets.ts";
import type { ImportedModel } from "../../../models/imported-model.ts";
import type { JobSpec, TaskSpec } from "../job-spec.ts";
import type { LossSpec } from "../parts/loss-spec.ts";
import { type ImageScaling, type PreprocessingSpec, statedScaling } from "../preprocessing-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { classCounts, columnsByName, featureNames, findColumn } from "../task-columns.ts";

const quote = (name: string): string => JSON.stringify(name);
const sizeOf = (shape: readonly number[]): number => shape.slice(1).reduce((product, size) => product * size, 1);

/** Numbers of a row that an imported network takes, and that its first output has. */
export const inputsOf = ({ inputs }: Pick<ImportedModel, "inputs">): number => sizeOf(inputs[0]?.shape ?? []);
export const columnsOfOutput = ({ outputs }: Pick<ImportedModel, "outputs">): number => sizeOf(outputs[0]?.shape ?? []);

/** The columns of a table go into the network as they are: each a number, and as many as it takes. */
const checkTable = (task: TaskSpec, dataset: Dataset, base: ImportedModel, errors: SpecErrors): void => {
  const names = featureNames(task, dataset);
  const columns = columnsByName(dataset);
  const wanted = inputsOf(base);
  if (names.length !== wanted) {
    const detail = `the network takes ${wanted} numbers, and the features are ${names.length}; list as many as it takes, in its order`;
    errors.add("/task/features", detail);
    return;
  }
  for (const [i, name] of names.entries()) {
    const column = columns.get(name);
    if (column === undefined || (column.type === "number" && column.missing === 0)) continue;
    const what =
      column.type === "number" ? "has missing cells" : `holds ${column.type === "image" ? "images" : "text"}`;
    errors.add(
      task.features === undefined ? "/task/features" : `/task/features/${i}`,
      `${quote(name)} ${what}, and the network takes numbers alone`,
    );
  }
};

const checkPictures = (
  task: TaskSpec,
  image: ImageShape,
  { dataset, base }: { dataset: Dataset; base: ImportedModel },
  errors: SpecErrors,
): void => {
  if (featureNames(task, dataset).length > 1) {
    errors.add("/task/features", "the network takes one picture; leave the other columns out of the features");
    return;
  }
  const picture = base.inputs[0] && pictureOf(base.inputs[0]);
  if (!picture) {
    const shape = base.inputs[0]?.shape.slice(1).join(" × ") ?? "";
    errors.add("/base/model", `the network takes ${shape}, which is no picture; choose a base that takes one`);
  } else if (picture.channels !== image.channels) {
    const detail = `the network takes pictures of ${counted(picture.channels, "channel")}, and the data set's have ${image.channels}; upload them with ?channels=${picture.channels}`;
    errors.add("/base/model", detail);
  }
};

/** Without a new head the label must mean what the network's columns mean. */
const checkKeptHead = (task: TaskSpec, dataset: Dataset, base: ImportedModel, errors: SpecErrors): void => {
  const columns = columnsOfOutput(base);
  if (task.type !== "classification") return;
  const column = findColumn(dataset, task.label);
  const classes = (column && classCounts(column))?.map(({ value }) => value) ?? [];
  const { labels } = base;
  const stranger = labels === null ? undefined : classes.find((value) => !labels.includes(value));
  if (stranger !== undefined) {
    const detail = `the label has the class ${quote(stranger)}, which is none of the network's labels; set newHead to true for a new label set`;
    errors.add("/base/newHead", detail);
  } else if (labels === null && classes.length !== columns && !(classes.length === 2 && columns === 1)) {
    const detail = `the network's output has ${columns} columns, and the label ${classes.length} classes; set newHead to true for a new label set`;
    errors.add("/base/newHead", detail);
  }
};

/** The job can start from an imported network. */
export const checkImportedBase = (spec: JobSpec, dataset: Dataset, base: ImportedModel, errors: SpecErrors): void => {
  const { task, model } = spec;
  const newHead = spec.base?.newHead === true;
  if (task.type !== "classification" && task.type !== "regression") {
    errors.add("/task/type", `imported networks learn classification and regression, not ${task.type}`);
    return;
  }
  if (model !== undefined && model.type !== "network") {
    errors.add("/model", "the layers are those of the imported network; leave the model out, or choose another base");
  }
  if (base.inputs.length !== 1) {
    errors.add("/base/model", `the network has ${base.inputs.length} inputs; training needs a network of one`);
    return;
  }
  if (newHead && base.head === null) {
    const detail =
      "the network has no layer that can be replaced as its head (its output does not come from one layer); train it with newHead left out";
    errors.add("/base/newHead", detail);
  }
  const columns = columnsByName(dataset);
  const image = featureNames(task, dataset)
    .map((name) => columns.get(name)?.image)
    .find((shape) => shape !== undefined);
  if (image === undefined) checkTable(task, dataset, base, errors);
  else checkPictures(task, image, { dataset, base }, errors);
  if (!newHead) checkKeptHead(task, dataset, base, errors);
};

/** The scaling of a file in the words of a spec: by name where it is one that is known. */
const scalingOf = ({ scale, mean, deviation, channelOrder }: ImagePreprocessing): ImageScaling => {
  const red = (values: readonly number[]): readonly number[] =>
    channelOrder === "bgr" ? [...values].reverse() : values;
  const own = {
    mean: red(mean).map((x) => x / (255 * scale)),
    deviation: red(deviation).map((x) => x / (255 * scale)),
  };
  const isLike = (name: "imagenet" | "minus_one_to_one" | "unit"): boolean => {
    const stated = statedScaling(name, mean.length);
    const near = (a: readonly number[], b: readonly number[]): boolean =>
      a.every((value, i) => Math.abs(value - b[i]!) < 1e-9);
    return stated !== null && near(own.mean, stated.mean) && near(own.deviation, stated.deviation);
  };
  const known = (["imagenet", "minus_one_to_one", "unit"] as const).find(isLike);
  return known ?? (own as ImageScaling);
};

/**
 * What pictures become for an imported network, where the job does not say it: scaled as the file has it, and cut to the network's size. Pictures of exactly that size
 * are taken as they are; larger ones are resized as the file has it, smaller ones so that they cover the size.
 */
export const networkPreprocessing = (
  stated: PreprocessingSpec | undefined,
  image: ImageShape | null,
  base: ImportedModel,
): PreprocessingSpec | undefined => {
  const picture = base.inputs[0] && pictureOf(base.inputs[0]);
  if (image === null || !picture) return { images: "standardize", ...stated, numbers: stated?.numbers ?? "none" };
  const { height, width } = picture;
  const images = stated?.images ?? (base.image === null ? "standardize" : scalingOf(base.image));
  const order = stated?.channelOrder ?? base.image?.channelOrder;
  const own = { ...stated, images, ...(order === undefined ? {} : { channelOrder: order }) };
  if (stated?.crop !== undefined || stated?.shorterSide !== undefined) return own;
  if (image.height === height && image.width === width) return own;
  const side = Math.min(image.height, image.width);
  const covering = Math.max(1, Math.ceil(side * Math.max(height / image.height, width / image.width)));
  const wanted = base.image?.shorterSide ?? covering;
  return { ...own, shorterSide: side >= wanted ? wanted : covering, crop: { height, width } };
};

/** What a user should know of a network's start before it is trained. */
export const baseWarnings = (
  spec: Pick<JobSpec, "base" | "preprocessing" | "task">,
  base: ImportedModel,
  loss: LossSpec,
): string[] => {
  const warnings: string[] = [];
  const named = spec.task.type === "classification" && loss.type === "cross_entropy";
  if (named && spec.base?.newHead !== true && base.labels === null)
    warnings.push(
      "the names of the network's columns are not known: they are taken for the label's classes in their order; import it with labels to be sure",
    );
  if (spec.preprocessing?.images === "standardize" && base.image === null && pictureOf(base.inputs[0]!) !== null)
    warnings.push(
      "how the network's pictures were scaled is not known: those of this data set are standardised by their own mean and deviation; state /preprocessing/images, or import the network with ?preprocessing=",
    );
  return warnings;
};
