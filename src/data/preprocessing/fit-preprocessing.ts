import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { assert, ServiceError } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { featureNames, findColumn, sortValues } from "../../domain/jobs/spec/task-columns.ts";
import type { FeatureTransform, LabelTransform, Model, Preprocessing } from "../../domain/models/model.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber } from "../columns/number-cell.ts";
import {
  addValue,
  createRunningMoments,
  populationDeviation,
  type RunningMoments,
} from "../columns/running-moments.ts";
import { type OpenStream, visitSplitRows } from "../splits/split-rows.ts";
import { countOutputs, featureWidth } from "./data-shape.ts";
import { createLabelReader, type LabelReader } from "./label-reader.ts";

/** Gathers a feature's statistics over the training rows, then says how to transform it. */
interface FeatureFit {
  add(record: CsvRecord): void;
  finish(): FeatureTransform;
}

/** Mean and scale of standardising; a constant is only centred. */
const standardisation = (moments: RunningMoments, column: string): { mean: number; scale: number } => {
  const deviation = populationDeviation(moments);
  if (!Number.isFinite(moments.mean) || !Number.isFinite(deviation)) {
    const detail = `the numbers of column ${JSON.stringify(column)} are too large to be standardised; rescale them`;
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/task/features", detail }] });
  }
  return { mean: moments.mean, scale: deviation > 0 ? deviation : 1 };
};

const createNumberFit = (column: Column, index: number, moments: RunningMoments): FeatureFit => ({
  add: (record) => {
    const value = cellNumber(record, index);
    if (Number.isFinite(value)) addValue(moments, value);
  },
  finish: () => ({
    type: "number",
    column: column.name,
    ...standardisation(moments, column.name),
    missingIndicator: column.missing > 0,
  }),
});

const createCategoryFit = (column: Column, index: number): FeatureFit => {
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
      missingIndicator: column.missing > 0,
    }),
  };
};

/** A CNN's features are the pixels of one image: one mean and one scale over all of them keep their contrasts, which scaling each alone would not. */
const createFeatureFits = (spec: ResolvedJobSpec, dataset: Dataset): FeatureFit[] => {
  const shared = spec.model.type === "cnn" ? createRunningMoments() : null;
  return featureNames(spec.task, dataset).map((name) => {
    const column = findColumn(dataset, name);
    assert(column !== undefined, `the data set has the feature ${name}`);
    const index = dataset.columns.indexOf(column);
    return column.type === "number"
      ? createNumberFit(column, index, shared ?? createRunningMoments())
      : createCategoryFit(column, index);
  });
};

const finishLabel = (spec: ResolvedJobSpec, reader: LabelReader, moments: RunningMoments): LabelTransform => {
  if (reader.type === "none") return { type: "none" };
  const { type, column } = reader;
  if (type === "classes") return { type, column, classes: [...reader.classes] };
  // A count stays a count: its likelihood is of the number itself.
  if (spec.loss.type === "poisson_nll") return { type, column, mean: 0, scale: 1 };
  return { type, column, ...standardisation(moments, column) };
};

/**
 * Fits the preprocessing on the rows of the training split, in one pass over the file.
 * With a base model (fine-tuning) its features' transforms are kept as they are, because its weights mean something only behind them; its label's too, unless
 * the job asks for a new head.
 */
export const fitPreprocessing = async (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  openStream: OpenStream,
  base?: Pick<Model, "preprocessing"> | null,
): Promise<Preprocessing> => {
  const reader = createLabelReader(spec, dataset);
  const keepsHead = base && spec.base?.newHead !== true;
  if (keepsHead) return withLabelColumn(base.preprocessing, reader);
  const features = base ? [] : createFeatureFits(spec, dataset);
  const labels = createRunningMoments();
  await visitSplitRows(spec, dataset, openStream, reader, (record, split, label) => {
    if (split !== "train") return;
    for (const feature of features) feature.add(record);
    addValue(labels, label);
  });
  const transforms = base ? base.preprocessing.features : features.map((feature) => feature.finish());
  const inputs = transforms.reduce((total, transform) => total + featureWidth(transform), 0);
  const label = finishLabel(spec, reader, labels);
  const outputs = countOutputs(spec, label.type === "classes" ? label.classes.length : 0, inputs);
  return { features: transforms, label, inputs, outputs };
};

/** The base's preprocessing with the name that the label has in this data set. */
const withLabelColumn = (preprocessing: Preprocessing, reader: LabelReader): Preprocessing => {
  const { label } = preprocessing;
  if (label.type === "none" || reader.type === "none") return preprocessing;
  return { ...preprocessing, label: { ...label, column: reader.column } };
};
