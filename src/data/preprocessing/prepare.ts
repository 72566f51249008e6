import type { Dataset } from "../../domain/datasets/dataset.ts";
import { assert } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { LabelTransform, Preprocessing } from "../../domain/models/model.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber, isEmptyCell } from "../columns/number-cell.ts";
import { cellDays } from "../columns/time-cell.ts";
import { createWeightReader } from "../columns/weight-cell.ts";
import { createGroupReader, createUnitReader } from "../splits/place-rows.ts";
import type { Split } from "../splits/split.ts";
import { type OpenStream, visitSplitRows } from "../splits/split-rows.ts";
import { createPlaceFinder, notePlace, type StoredPlaces } from "../streamed/stored-places.ts";
import type { BaseModel } from "./data-shape.ts";
import type { Floats } from "./encoders/floats.ts";
import { createFeatureEncoder } from "./feature-encoder.ts";
import { fitPreprocessing } from "./fit-preprocessing.ts";
import { createLabelReader, type LabelReader } from "./label-reader.ts";
import { inOwnUnits } from "./raw-numbers.ts";

/** Where the rows of one split go, in file order. */
export interface SplitArrays {
  /** rows × inputs, row-major. */
  features: Floats;
  /** Class indices (Int32Array, or Float32Array for binary_cross_entropy), standardised numbers or counts (floats); null for tasks without a label. */
  labels: Int32Array | Floats | null;
  /** The stored images, one after another, where training changes them. */
  pixels?: Uint8Array;
  /** Takes the rows instead of the features, one after another. */
  sink?: RowSink;
  /** Takes where the rows stand in the file instead of the features, which are read from there when they are needed. */
  stored?: StoredPlaces;
  /** How much each row counts, as the file has it; absent: each counts once. */
  weights?: Float64Array;
  /** The rows' numbers in the file, from 0, where they are asked for. */
  places?: Int32Array;
  /** Which rows belong together: the column's texts, numbered as they come. */
  clusters?: Int32Array;
  /** What is one where rows are held out: the group of each row, or the row itself. */
  groups?: Int32Array;
  /** What the trials of a penalty hold out as one. */
  units?: Int32Array;
}

export interface RowSink {
  readonly floats: Float32Array;
  /** Where the inputs of the next row go: those of the row before are there. */
  next(): number;
}

export type PreparedArrays = Record<Split, SplitArrays>;

/** Takes rows a few at a time instead: what is made of them is the features. */
export interface RowIntake {
  /** rows × inputs, row-major. */
  readonly input: Float32Array;
  readonly rows: number;
  take(places: readonly { split: Split; row: number }[]): void;
}

/** Writes the inputs of one record to `out` from `at`. */
const createRecordWriter = (preprocessing: Preprocessing, dataset: Dataset) => {
  const columnOf = new Map(dataset.columns.map(({ name }, i) => [name, i]));
  const encoders = preprocessing.features.map((transform) => {
    const index = columnOf.get(transform.column);
    assert(index !== undefined, `the data set has the feature ${transform.column}`);
    return { index, encoder: createFeatureEncoder(transform) };
  });
  return (record: CsvRecord, out: Floats, start: number): void => {
    let at = start;
    for (const { index, encoder } of encoders) {
      if (encoder.type === "number") {
        const value = cellNumber(record, index);
        encoder.write(out, at, Number.isFinite(value) ? value : Number.NaN);
      } else if (encoder.type === "datetime") {
        const days = cellDays(record, index);
        encoder.write(out, at, Number.isFinite(days) ? days : Number.NaN);
      } else if (encoder.type === "image") {
        encoder.write(out, at, record.bytes.subarray(record.starts[index], record.ends[index]));
      } else encoder.write(out, at, isEmptyCell(record, index) ? null : cellText(record, index));
      at += encoder.width;
    }
  };
};

/** What a read label becomes as a target: the class's index in the model's classes, or the standardised number. */
const createTarget = (transform: LabelTransform, reader: LabelReader): ((label: number) => number) => {
  if (transform.type === "number") return (label) => (label - transform.mean) / transform.scale;
  if (transform.type === "none" || reader.type !== "classes") return (label) => label;
  const targets = reader.classes.map((value) => transform.classes.indexOf(value));
  return (label) => targets[label] ?? -1;
};

/** Numbers the texts of the column that says which rows belong together. */
const createClusterReader = ({ training: { clusterBy } }: ResolvedJobSpec, { columns }: Dataset) => {
  const index = columns.findIndex(({ name }) => name === clusterBy);
  const ids = new Map<string, number>();
  return (record: CsvRecord): number => {
    const text = index < 0 ? "" : cellText(record, index);
    const id = ids.get(text) ?? ids.size;
    ids.set(text, id);
    return id;
  };
};

/** Fills the caller's arrays, of the sizes that `dataShape` gives, with the transformed rows; one pass over the file. */
export const fillSplits = async (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  openStream: OpenStream,
  preprocessing: Preprocessing,
  arrays: PreparedArrays,
  intake: RowIntake | null = null,
): Promise<void> => {
  const reader = createLabelReader(spec, dataset);
  const write = createRecordWriter(preprocessing, dataset);
  const target = createTarget(preprocessing.label, reader);
  const clusterOf = createClusterReader(spec, dataset);
  const by = spec.training.crossValidation?.by ?? spec.training.split.by;
  const groupOf = by === undefined ? null : createGroupReader(dataset, by);
  const unitOf = createUnitReader(spec, dataset);
  const weightOf = createWeightReader(spec.task, dataset);
  const filled: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  const { inputs } = preprocessing;
  const imageAt = dataset.columns.findIndex(({ name }) => name === preprocessing.features[0]?.column);
  const placeOf =
    arrays.train.stored === undefined ? null : createPlaceFinder(dataset, preprocessing.features[0]?.column);
  const held: { split: Split; row: number }[] = [];
  const takeIn = (record: CsvRecord, split: Split, row: number, { input, rows, take }: RowIntake): void => {
    write(record, input, held.length * inputs);
    held.push({ split, row });
    if (held.length === rows) take(held.splice(0));
  };
  await visitSplitRows(spec, dataset, openStream, reader, (record, split, label, place) => {
    const row = filled[split];
    const { features, labels, weights, pixels, sink, stored, places, clusters, groups, units } = arrays[split];
    const found = placeOf?.(record);
    if (stored !== undefined && found !== undefined) notePlace(stored, row, found);
    else if (sink !== undefined) write(record, sink.floats, sink.next());
    else if (intake !== null) takeIn(record, split, row, intake);
    else {
      assert((row + 1) * inputs <= features.length, `the ${split} features have room for row ${row}`);
      write(record, features, row * inputs);
    }
    if (pixels !== undefined) {
      const image = record.bytes.subarray(record.starts[imageAt], record.ends[imageAt]);
      pixels.set(image, row * image.length);
    }
    if (labels !== null) labels[row] = target(label);
    if (weights !== undefined && weightOf !== null) weights[row] = weightOf(record);
    if (places !== undefined) places[row] = place;
    if (clusters !== undefined) clusters[row] = clusterOf(record);
    if (groups !== undefined) groups[row] = groupOf === null ? place : groupOf(record)!;
    if (units !== undefined && unitOf !== null) units[row] = unitOf(record);
    filled[split] = row + 1;
  });
  if (held.length > 0) intake?.take(held);
};

/**
 * Prepares a job's data in two passes over its file: fits the preprocessing on the training split, then fills the caller's arrays (of the sizes that
 * `dataShape` gives). Holds no more of the file than a batch of bytes.
 * @param base the model of `spec.base`
 * @param ownUnits fills the arrays with numbers as they stand in the file, not standardised; the preprocessing is the same
 * Errors: `unprocessable` when the file is not the one that the manifest describes.
 */
export const prepare = async (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  openStream: OpenStream,
  arrays: PreparedArrays,
  base?: BaseModel | null,
  ownUnits = false,
  intake: RowIntake | null = null,
): Promise<Preprocessing> => {
  const preprocessing = await fitPreprocessing(spec, dataset, openStream, base);
  await fillSplits(spec, dataset, openStream, ownUnits ? inOwnUnits(preprocessing) : preprocessing, arrays, intake);
  return preprocessing;
};
