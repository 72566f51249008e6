import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { countInputs } from "../../domain/jobs/spec/columns/column-width.ts";
import { onlyImageOf } from "../../domain/jobs/spec/image-features.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { isIterable } from "../../domain/jobs/spec/linear/solver.ts";
import { isPerceptron } from "../../domain/jobs/spec/model-spec.ts";
import { trialRows } from "../../domain/jobs/spec/penalty-search.ts";
import { textSpecOf } from "../../domain/jobs/spec/preprocessing-spec.ts";
import { columnsByName, countClasses } from "../../domain/jobs/spec/task-columns.ts";
import type { ImportedModel } from "../../domain/models/imported-model.ts";
import type { FeatureTransform, Model } from "../../domain/models/model.ts";
import { rowsOfSplits } from "../splits/fold-sizes.ts";

/** The rows of the three splits and the width of the network's ends. */
export interface DataShape {
  trainRows: number;
  validationRows: number;
  testRows: number;
  /** Training rows that a trial of the search for a penalty learns from; 0: there is no search. */
  trialRows: number;
  inputs: number;
  outputs: number;
  /** Of `inputs`, those of columns of texts beyond one for each: they are exchanged together. */
  furtherTextInputs?: number;
  /** Of a stored image, where training changes it from epoch to epoch. */
  imageBytes?: number;
  /** Rows can be read one by one from the data set's file, in any order, and nothing of the job needs all of them at once. */
  streams?: boolean;
  /** And they are, once they were encoded to a file of the trainer's. */
  spills?: boolean;
  /** Of a table's file: what reading it takes. */
  cells?: number;
}

/** What a job starts from: a model with its preprocessing, or a network from a file. */
export type BaseModel = Pick<Model, "preprocessing"> | Pick<ImportedModel, "labels">;

export const trainedBase = (base: BaseModel | null | undefined): Pick<Model, "preprocessing"> | null =>
  base && "preprocessing" in base ? base : null;

/** The names of an imported network's columns, where the job keeps its head and they are known. */
export const labelsKept = (
  spec: Pick<ResolvedJobSpec, "base" | "task">,
  base: BaseModel | null | undefined,
): readonly string[] | null =>
  base && "labels" in base && spec.task.type === "classification" && spec.base?.newHead !== true ? base.labels : null;

/** How many inputs a feature becomes. */
export const featureWidth = (transform: FeatureTransform): number => {
  if (transform.type === "image") {
    const { height, width } = transform.crop ?? transform;
    return height * width * transform.channels;
  }
  const indicator = transform.missingIndicator ? 1 : 0;
  switch (transform.type) {
    case "number":
      return 1 + indicator;
    case "category":
      return transform.categories.length + indicator;
    case "datetime":
      return 1 + 2 * transform.cycles.length + indicator;
    case "text":
      return transform.buckets + indicator;
  }
};

/** How far from its place in the pixel each channel is written. */
export const channelShifts = ({
  channels,
  channelOrder,
}: Pick<Extract<FeatureTransform, { type: "image" }>, "channels" | "channelOrder">): readonly number[] =>
  Array.from({ length: channels }, (_, c) => (channelOrder === "bgr" ? channels - 1 - 2 * c : 0));

const countFurtherTexts = (
  { task, preprocessing }: ResolvedJobSpec,
  columns: ReadonlyMap<string, Column>,
  base: Pick<Model, "preprocessing"> | null,
): number => {
  const buckets = base
    ? base.preprocessing.features.map((feature) => (feature.type === "text" ? feature.buckets : 0))
    : (task.features ?? []).map((name) => (columns.get(name)?.type === "text" ? textSpecOf(preprocessing).buckets : 0));
  return buckets.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
};

/** Outputs of the model: one per class; one for a Bernoulli logit, a mean or a log rate; mean and log variance; a quantile, with those about it; the inputs again; none. */
export const countOutputs = (spec: Pick<ResolvedJobSpec, "task" | "loss">, classes: number, inputs: number): number => {
  switch (spec.task.type) {
    case "classification":
      return spec.loss.type === "binary_cross_entropy" ? 1 : classes;
    case "regression":
      if (spec.loss.type === "pinball" && spec.loss.interval !== undefined) return 3;
      return spec.loss.type === "gaussian_nll" ? 2 : 1;
    case "reconstruction":
      return inputs;
    case "clustering":
    case "density_estimation":
      return 0;
  }
};

const countTrialRows = ({ training: { penaltySearch, batchSize } }: ResolvedJobSpec, trainRows: number): number =>
  penaltySearch ? (trialRows(trainRows, batchSize === "full" ? trainRows : batchSize, penaltySearch)?.train ?? 0) : 0;

/** Of tables all but quantiles that are solved; of images what is trained by epochs and has classes, and no coefficients. */
const streams = ({ task, model, training }: ResolvedJobSpec, isImage: boolean): boolean => {
  if (model.type === "autoencoder" || model.type === "k_means" || model.type === "gaussian_mixture") return !isImage;
  if (training.solver === "exact") return !isImage && model.type !== "quantile";
  if (isIterable(model)) return !isImage;
  return (
    (task.type === "classification" || (task.type === "regression" && !isImage)) &&
    (isPerceptron(model) || model.type === "cnn" || model.type === "network")
  );
};

/**
 * What preparing the data will yield, from the manifest alone: exactly the shape that `prepare` fills.
 * @param spec from `resolveSpec`
 * @param base the model of `spec.base`, whose preprocessing is used as it is; an imported one has none
 */
export const dataShape = (spec: ResolvedJobSpec, dataset: Dataset, base?: BaseModel | null): DataShape => {
  const rows = rowsOfSplits(spec, dataset);
  const columns = columnsByName(dataset);
  const trained = trainedBase(base);
  const inputs = trained ? trained.preprocessing.inputs : countInputs(spec.task, dataset, spec.preprocessing);
  const further = countFurtherTexts(spec, columns, trained);
  const keepsHead = trained !== null && spec.base?.newHead !== true;
  const classes = labelsKept(spec, base)?.length ?? countClasses(spec.task, dataset);
  const image = onlyImageOf(spec.task, dataset);
  const bytes = image === null ? 0 : image.height * image.width * image.channels;
  return {
    ...(bytes === 0 || spec.training.augment === undefined ? {} : { imageBytes: bytes }),
    ...(streams(spec, bytes > 0) ? { streams: true, ...(bytes > 0 ? {} : { spills: true }) } : {}),
    ...(bytes > 0 ? {} : { cells: dataset.rows * dataset.columns.length }),
    ...(further === 0 ? {} : { furtherTextInputs: further }),
    trainRows: rows.train,
    validationRows: rows.validation,
    testRows: rows.test,
    trialRows: countTrialRows(spec, rows.train),
    inputs,
    outputs: keepsHead ? trained.preprocessing.outputs : countOutputs(spec, classes, inputs),
  };
};
