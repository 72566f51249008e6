import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { limits } from "../../../domain/limits.ts";
import type { Preprocessing } from "../../../domain/models/model.ts";
import { createTurnTaker } from "../../../domain/turn-taker.ts";
import { type CsvRecord, cellText } from "../../../formats/csv/csv-record.ts";
import { cellNumber, isEmptyCell, missingNumber } from "../../columns/number-cell.ts";
import { cellDays } from "../../columns/time-cell.ts";
import { type Split, splitOfCode } from "../../splits/split.ts";
import type { Floats } from "../encoders/floats.ts";
import { createFeatureEncoder } from "../feature-encoder.ts";
import { addNumber, type FeatureCell, type FeatureFit } from "../feature-fit.ts";
import { createLabelReader } from "../label-reader.ts";
import { type Decimals, packNumber, unpackable, unpackNumber } from "./packed-number.ts";
import { createRowNotes, createTarget } from "./row-notes.ts";
import type { PreparedArrays } from "./split-arrays.ts";

/** A row as the file is read. */
export interface StagedRow {
  readonly record: CsvRecord;
  readonly split: Split;
  readonly label: number;
  readonly place: number;
  /** The preprocessing is fitted to it: it is one of training, and counts. */
  readonly isFitted: boolean;
}

/**
 * Keeps the cells of all rows where their inputs will be while the preprocessing is fitted, so that the file is read once: a number in the bits of its input, a text as
 * its number in a list. Where a cell cannot be kept so, the file is read again, as ever; which of the two changes no bit.
 */
export interface RowStage {
  /** What keeps a row, and adds it to the fits if they are of it; false: it can not, and from then on keeps none. Null: there is nothing to keep. */
  open(fits: readonly FeatureFit[]): ((row: StagedRow) => boolean) | null;
  /** All rows of the file are kept. */
  isWhole(): boolean;
  /** Makes inputs and labels of what is kept. */
  encode(preprocessing: Preprocessing): Promise<void>;
}

/** Rows between two rests. */
const rowsAtOnce = 4096;
/** A text that is missing. */
const noText = -1;

/** Numbers the texts of a column as they come; undefined: there are too many. */
const createTexts = () => {
  const numbers = new Map<string, number>();
  const texts: string[] = [];
  const numberOf = (record: CsvRecord, index: number): number | undefined => {
    if (isEmptyCell(record, index)) return noText;
    const text = cellText(record, index);
    const known = numbers.get(text);
    if (known !== undefined) return known;
    if (texts.length === limits.categoriesPerColumn) return undefined;
    numbers.set(text, texts.length);
    return texts.push(text) - 1;
  };
  return { texts, numberOf };
};

/** Where numbers are kept: whole in an array of doubles, else packed. */
interface Cells {
  readonly doubles: Float64Array | null;
  readonly words: Int32Array;
}

const cellsOf = (array: Floats | Int32Array): Cells =>
  array instanceof Float64Array
    ? { doubles: array, words: new Int32Array(0) }
    : { doubles: null, words: new Int32Array(array.buffer, array.byteOffset, array.length) };

/** False: the number cannot be kept. */
const keepNumber = ({ doubles, words }: Cells, at: number, value: number, decimals: Decimals): boolean => {
  if (doubles !== null) {
    doubles[at] = value;
    return true;
  }
  const word = packNumber(value, decimals);
  words[at] = word;
  return word !== unpackable;
};

const numberAt = ({ doubles, words }: Cells, at: number): number =>
  doubles === null ? unpackNumber(words[at]!) : doubles[at]!;

interface KeptColumn {
  readonly cell: FeatureCell;
  readonly decimals: Decimals;
  readonly texts: ReturnType<typeof createTexts>;
}

/** Keeps a row's cells from `start` on, and adds its numbers to the fits; false: one cannot be kept. */
const keepCells = (
  columns: readonly KeptColumn[],
  cells: Cells,
  { record, isFitted }: StagedRow,
  start: number,
): boolean => {
  let isKept = true;
  for (let i = 0; i < columns.length; i++) {
    const { cell, decimals, texts } = columns[i]!;
    if (cell.type === "text") {
      const number = texts.numberOf(record, cell.index);
      if (number === undefined) isKept = false;
      (cells.doubles ?? cells.words)[start + i] = number ?? noText;
      continue;
    }
    const value = cell.type === "number" ? cellNumber(record, cell.index) : cellDays(record, cell.index);
    const isNumber = value - value === 0;
    if (isNumber && isFitted) addNumber(cell.statistics, value);
    if (!keepNumber(cells, start + i, isNumber ? value : missingNumber, decimals)) isKept = false;
  }
  return isKept;
};

/** Makes a row's inputs of its cells, which lie where those will be. */
const createRowEncoder = (preprocessing: Preprocessing, columns: readonly KeptColumn[], kept: Cells, out: Floats) => {
  const encoders = preprocessing.features.map((transform) => createFeatureEncoder(transform));
  const own = cellsOf(kept.doubles === null ? new Int32Array(encoders.length) : new Float64Array(encoders.length));
  const [from, to] = [kept.doubles ?? kept.words, own.doubles ?? own.words];
  return (start: number): void => {
    for (let i = 0; i < encoders.length; i++) to[i] = from[start + i]!;
    let at = start;
    for (let i = 0; i < encoders.length; i++) {
      const encoder = encoders[i]!;
      if (encoder.type === "number") encoder.write(out, at, numberAt(own, i));
      else if (encoder.type === "datetime") encoder.write(out, at, numberAt(own, i));
      else if (encoder.type !== "image") {
        const text = to[i]!;
        encoder.write(out, at, text === noText ? null : columns[i]!.texts.texts[text]!);
      }
      at += encoder.width;
    }
  };
};

/** Null: the rows do not lie in these arrays. */
export const createStage = (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  arrays: PreparedArrays,
  inputs: number,
): RowStage | null => {
  for (const split of splitOfCode) {
    const { sink, stored, pixels } = arrays[split];
    if (sink !== undefined || stored !== undefined || pixels !== undefined) return null;
  }
  const keptOf = ({ features, labels }: PreparedArrays[Split]) => ({
    features: cellsOf(features),
    labels: labels && cellsOf(labels),
    rows: 0,
  });
  const kept = { train: keptOf(arrays.train), validation: keptOf(arrays.validation), test: keptOf(arrays.test) };
  const note = createRowNotes(spec, dataset, arrays);
  const reader = createLabelReader(spec, dataset);
  const labelDecimals: Decimals = { most: 0 };
  let columns: KeptColumn[] = [];
  let isWhole = false;

  const keepRow = (row: StagedRow): void => {
    const { record, split, label, place } = row;
    const { features, labels, rows } = kept[split];
    if (!keepCells(columns, features, row, rows * inputs)) isWhole = false;
    if (labels !== null) {
      if (reader.type !== "number") arrays[split].labels![rows] = label;
      else if (!keepNumber(labels, rows, label, labelDecimals)) isWhole = false;
    }
    note(record, split, rows, { place, label });
    kept[split].rows = rows + 1;
  };

  const encodeSplit = async (split: Split, preprocessing: Preprocessing, turn: () => Promise<void>): Promise<void> => {
    const { features, labels, rows } = kept[split];
    const { labels: targets } = arrays[split];
    const encode = createRowEncoder(preprocessing, columns, features, arrays[split].features);
    const target = createTarget(preprocessing.label, reader);
    for (let row = 0; row < rows; row++) {
      encode(row * inputs);
      if (targets !== null && labels !== null)
        targets[row] = target(reader.type === "number" ? numberAt(labels, row) : targets[row]!);
      if (row % rowsAtOnce === rowsAtOnce - 1) await turn();
    }
  };

  return {
    open: (fits) => {
      const cells = fits.flatMap(({ cell }) => (cell === undefined ? [] : [cell]));
      if (cells.length !== fits.length || cells.length > inputs) return null;
      columns = cells.map((cell) => ({ cell, decimals: { most: 0 }, texts: createTexts() }));
      isWhole = true;
      const addTexts = fits.filter(({ cell }) => cell?.type === "text");
      return (row) => {
        if (!isWhole) return false;
        keepRow(row);
        if (row.isFitted) for (const fit of addTexts) fit.add(row.record);
        return true;
      };
    },
    isWhole: () => isWhole,
    encode: async (preprocessing) => {
      const turn = createTurnTaker();
      for (const split of splitOfCode) await encodeSplit(split, preprocessing, turn);
    },
  };
};
