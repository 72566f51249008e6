import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { isCategorical } from "../../domain/datasets/truth-values.ts";
import { assert } from "../../domain/errors.ts";
import { logShiftOf, referenceOf, scalingOf } from "../../domain/jobs/spec/columns/column-options.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { isPerceptron } from "../../domain/jobs/spec/model-spec.ts";
import type { NumberScaling } from "../../domain/jobs/spec/parts/column-preprocessing.ts";
import { hasLogLink } from "../../domain/jobs/spec/parts/loss-spec.ts";
import { offsetOf, weightName } from "../../domain/jobs/spec/rows/row-columns.ts";
import { featureNames, sortValues } from "../../domain/jobs/spec/task-columns.ts";
import {
  type FeatureTransform,
  isScaled,
  type LabelTransform,
  type Preprocessing,
  type ScaledTransform,
} from "../../domain/models/model.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber } from "../columns/number-cell.ts";
import { addValue, createRunningMoments } from "../columns/running-moments.ts";
import { cellDays } from "../columns/time-cell.ts";
import { createWeightReader } from "../columns/weight-cell.ts";
import { type OpenStream, visitSplitRows } from "../splits/split-rows.ts";
import { type BaseModel, countOutputs, featureWidth, labelsKept, trainedBase } from "./data-shape.ts";
import { fitScaling, standardisation } from "./encoders/fit-scaling.ts";
import { createTextFit } from "./encoders/text-fit.ts";
import { createValueSample } from "./encoders/value-sample.ts";
import { addNumber, type FeatureCell, type FeatureFit, type NumberStatistics } from "./feature-fit.ts";
import { createImageFit } from "./image-fit.ts";
import { createLabelReader, type LabelReader } from "./label-reader.ts";
import { union, withRange } from "./number-range.ts";
import type { RowStage } from "./staging/stage-rows.ts";

type Holds = Parameters<typeof withRange>[2];

const holdsOf = ({ task, model }: ResolvedJobSpec): Holds => ({
  supervised: task.type === "classification" || task.type === "regression",
  network: isPerceptron(model) || model.type === "cnn",
});

const createStatistics = (
  scaling: NumberScaling = "standardize",
  logShift: number | null = null,
): NumberStatistics => ({
  moments: createRunningMoments(),
  range: { minimum: Number.POSITIVE_INFINITY, maximum: Number.NEGATIVE_INFINITY },
  logShift,
  sample: scaling === "robust" || scaling === "quantile" ? createValueSample() : null,
});

/** Of a column whose first input is a quantity: a number, or the days of a date. */
const createScaledFit = (
  column: Column,
  index: number,
  statistics: NumberStatistics,
  holds: Holds,
  scaling: NumberScaling = "standardize",
): FeatureFit => {
  const read = column.type === "datetime" ? cellDays : cellNumber;
  const { moments, range, logShift, sample } = statistics;
  const add = (record: CsvRecord): void => {
    const value = read(record, index);
    if (Number.isFinite(value)) addNumber(statistics, value);
  };
  const finish = (): FeatureTransform => {
    const { name, missing } = column;
    const fitted = fitScaling(scaling, moments, range, () => sample?.sorted() ?? new Float64Array(0), name);
    const { mean, scale, ...bent } = fitted;
    const common = { column: name, mean, scale, missingIndicator: missing > 0 };
    const transform: ScaledTransform =
      column.type === "datetime"
        ? { type: "datetime", ...common, cycles: [...(column.dates?.cycles ?? [])] }
        : { type: "number", ...common, ...(logShift === null ? {} : { logShift }), ...bent };
    if (moments.count === 0) return { ...transform, unlearnt: true };
    return withRange(transform, { ...range }, holds);
  };
  return { add, finish, cell: { type: column.type === "datetime" ? "days" : "number", index, statistics } };
};

type Columns = ReadonlyMap<string, { column: Column; index: number }>;
const columnsOf = ({ columns }: Dataset): Columns =>
  new Map(columns.map((column, index) => [column.name, { column, index }]));

/** A feature that a base model brings: only its training range grows. */
const createBaseFit = (transform: FeatureTransform, columns: Columns, holds: Holds): FeatureFit => {
  const found = columns.get(transform.column);
  if (!isScaled(transform) || transform.range === undefined || found === undefined) {
    const cell = transform.type === "category" && found !== undefined ? { cell: textAt(found.index) } : {};
    return { add: () => {}, finish: () => transform, ...cell };
  }
  const { column, index } = found;
  const statistics = createStatistics();
  const { add, cell } = createScaledFit({ ...column, type: transform.type }, index, statistics, holds);
  const finish = () => {
    const seen = statistics.moments.count === 0 ? undefined : statistics.range;
    return withRange(transform, union(transform.range, seen), holds);
  };
  return { add, finish, ...(cell === undefined ? {} : { cell }) };
};

const textAt = (index: number): FeatureCell => ({ type: "text", index });

const createCategoryFit = (column: Column, index: number, stated: string | undefined): FeatureFit => {
  const categories = sortValues((column.categories ?? []).map(({ value }) => value));
  const unseen = new Set(categories);
  return {
    add: (record) => {
      if (unseen.size > 0) unseen.delete(cellText(record, index));
    },
    finish: () => ({
      type: "category",
      column: column.name,
      categories,
      unseen: categories.filter((category) => unseen.has(category)),
      // One that training has not seen is nothing that others could be told from.
      ...(stated === undefined || unseen.has(stated) ? {} : { reference: stated }),
      missingIndicator: column.missing > 0,
    }),
    cell: textAt(index),
  };
};

/** A CNN's features are the pixels of one image: one mean and one scale over all of them keep their contrasts, which scaling each alone would not. */
const createFeatureFits = (spec: ResolvedJobSpec, dataset: Dataset): FeatureFit[] => {
  const shared = spec.model.type === "cnn" ? createStatistics() : null;
  const holds = holdsOf(spec);
  const { preprocessing } = spec;
  const indexOf = new Map(dataset.columns.map(({ name }, index) => [name, index]));
  return featureNames(spec.task, dataset).map((name) => {
    const index = indexOf.get(name);
    const column = index === undefined ? undefined : dataset.columns[index];
    assert(index !== undefined && column !== undefined, `the data set has the feature ${name}`);
    if (column.type === "image") return createImageFit(column, index, spec, dataset);
    if (column.type === "text") return createTextFit(column, index, preprocessing);
    if (isCategorical(column)) return createCategoryFit(column, index, referenceOf(preprocessing, name));
    if (column.type === "datetime") return createScaledFit(column, index, createStatistics(), holds);
    const scaling = scalingOf(preprocessing, name);
    const own = shared ?? createStatistics(scaling, logShiftOf(preprocessing, column));
    return createScaledFit(column, index, own, holds, scaling);
  });
};

const finishLabel = (
  spec: ResolvedJobSpec,
  reader: LabelReader,
  { moments, range }: NumberStatistics,
): LabelTransform => {
  if (reader.type === "none") return { type: "none" };
  const { type, column } = reader;
  if (type === "classes") return { type, column, classes: [...reader.classes] };
  // A count stays a count, and what is positive is so from 0: their likelihoods are of the numbers themselves.
  if (hasLogLink(spec.loss)) return { type, column, mean: 0, scale: 1 };
  return { type, column, ...standardisation(moments, range, column) };
};

/**
 * Fits the preprocessing on the rows of the training split, in one pass over the file; each counts once, but for those of weight 0.
 * With a base model (fine-tuning) its features' transforms are kept, because its weights mean something only behind them, with a training range that holds
 * these rows as well; its label's too, unless the job asks for a new head.
 * @param stage keeps the cells of all rows, as long as it can
 */
export const fitPreprocessing = async (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  openStream: OpenStream,
  base?: BaseModel | null,
  stage: RowStage | null = null,
): Promise<Preprocessing> => {
  const reader = createLabelReader(spec, dataset);
  const trained = trainedBase(base);
  const keepsHead = trained !== null && spec.base?.newHead !== true;
  const holds = holdsOf(spec);
  const columns = columnsOf(dataset);
  const features = trained
    ? trained.preprocessing.features.map((transform) => createBaseFit(transform, columns, holds))
    : createFeatureFits(spec, dataset);
  const labels = createStatistics();
  const weightOf = createWeightReader(spec.task, dataset);
  const keep = stage?.open(features) ?? null;
  await visitSplitRows(spec, dataset, openStream, reader, (record, split, label, place) => {
    const isFitted = split === "train" && weightOf?.(record) !== 0;
    const isKept = keep?.({ record, split, label, place, isFitted }) ?? false;
    if (!isFitted) return;
    if (!isKept) for (const feature of features) feature.add(record);
    addValue(labels.moments, label);
    labels.range.minimum = Math.min(labels.range.minimum, label);
    labels.range.maximum = Math.max(labels.range.maximum, label);
  });
  const fitted = features.map((feature) => feature.finish());
  const worded = trained ? fitted : fitted.map((transform) => withMissingWords(transform, dataset));
  const transforms = worded.map((transform) => withDateOrder(transform, dataset));
  const name = weightName(spec.task);
  const offset = offsetOf(spec.task);
  const weight = { ...(name === null ? {} : { weight: name }), ...(offset === null ? {} : { offset }) };
  if (keepsHead) {
    const { weight: _, offset: __, ...base } = trained.preprocessing;
    return withLabelColumn({ ...base, features: transforms, ...weight }, reader);
  }
  const inputs = transforms.reduce((total, transform) => total + featureWidth(transform), 0);
  const own = finishLabel(spec, reader, labels);
  const label = base && trained === null ? withNetworkLabel(spec, own, labelsKept(spec, base)) : own;
  const outputs = countOutputs(spec, label.type === "classes" ? label.classes.length : 0, inputs);
  return { features: transforms, label, inputs, outputs, ...weight };
};

/** What the file's missing cells are written as, a row to predict may have as well. */
const withMissingWords = (transform: FeatureTransform, { missingWords }: Dataset): FeatureTransform =>
  missingWords === undefined || transform.type === "image" ? transform : { ...transform, missingWords };

/** In what order the file has day and month, those of a row to predict are; with a base model, whose own file may have had another one. */
const withDateOrder = (transform: FeatureTransform, { dates }: Dataset): FeatureTransform =>
  dates === undefined || transform.type !== "datetime" ? transform : { ...transform, dates };

/** The label of an imported network's columns: their names where they are known, and numbers as they are where its head is kept. */
const withNetworkLabel = (
  spec: ResolvedJobSpec,
  label: LabelTransform,
  classes: readonly string[] | null,
): LabelTransform => {
  if (label.type === "classes" && classes !== null) return { ...label, classes: [...classes] };
  return label.type === "number" && spec.base?.newHead !== true ? { ...label, mean: 0, scale: 1 } : label;
};

/** The base's preprocessing with the name that the label has in this data set. */
const withLabelColumn = (preprocessing: Preprocessing, reader: LabelReader): Preprocessing => {
  const { label } = preprocessing;
  if (label.type === "none" || reader.type === "none") return preprocessing;
  return { ...preprocessing, label: { ...label, column: reader.column } };
};
