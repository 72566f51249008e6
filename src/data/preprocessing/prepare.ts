import type { Dataset } from "../../domain/datasets/dataset.ts";
import { assert } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber, isEmptyCell } from "../columns/number-cell.ts";
import { cellDays } from "../columns/time-cell.ts";
import type { Split } from "../splits/split.ts";
import { type OpenStream, visitSplitRows } from "../splits/split-rows.ts";
import { createPlaceFinder, notePlace } from "../streamed/stored-places.ts";
import { type BaseModel, dataShape } from "./data-shape.ts";
import type { Floats } from "./encoders/floats.ts";
import { createFeatureEncoder } from "./feature-encoder.ts";
import { fitPreprocessing } from "./fit-preprocessing.ts";
import { createLabelReader } from "./label-reader.ts";
import { inOwnUnits } from "./raw-numbers.ts";
import { createRowNotes, createTarget } from "./staging/row-notes.ts";
import type { PreparedArrays } from "./staging/split-arrays.ts";
import { createStage } from "./staging/stage-rows.ts";

export type { PreparedArrays, RowSink, SplitArrays } from "./staging/split-arrays.ts";

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

/** Fills the caller's arrays, of the sizes that `dataShape` gives, with the transformed rows; one pass over the file. */
const fillSplits = async (
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
  const note = createRowNotes(spec, dataset, arrays);
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
    const { features, labels, pixels, sink, stored } = arrays[split];
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
    note(record, split, row, { place, label });
    filled[split] = row + 1;
  });
  if (held.length > 0) intake?.take(held);
};

/**
 * Prepares a job's data: fits the preprocessing on the training split and fills the caller's arrays (of the sizes that `dataShape` gives) with what it makes of the
 * rows. One pass over the file where the arrays can keep its cells meanwhile, else two. Holds no more of the file than a batch of bytes.
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
  const stage = intake === null ? createStage(spec, dataset, arrays, dataShape(spec, dataset, base).inputs) : null;
  const preprocessing = await fitPreprocessing(spec, dataset, openStream, base, stage);
  const encoding = ownUnits ? inOwnUnits(preprocessing) : preprocessing;
  if (stage?.isWhole() === true) await stage.encode(encoding);
  else await fillSplits(spec, dataset, openStream, encoding, arrays, intake);
  return preprocessing;
};
