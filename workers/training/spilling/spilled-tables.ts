import type { RowSink } from "../../../src/data/preprocessing/prepare.ts";
import { assert } from "../../../src/domain/errors.ts";
import { checkOf, spillStarts, type TableSpill, tableWords } from "../../../src/engine/tensor/spill-format.ts";
import type { Table } from "../../../src/engine/tensor/table.ts";
import type { Split } from "../../../src/engine/train/planning/training.ts";
import { createRowSinks, rowsOfBlock } from "./row-sinks.ts";
import { makeScratchFile } from "./scratch-file.ts";

/** A job's rows on the trainer's disk, which one thread goes through in their order as often as it likes. */
export interface SpilledTables<Values extends Float32Array | Float64Array> {
  readonly path: string;
  readonly sinks: Readonly<Record<Split, RowSink>>;
  /** All rows have been given: from now on the file has no name any more, and nothing is left of it, whatever ends this process. */
  finish(): void;
  /**
   * The rows of a split, a MiB of them in memory. `corrupt` where one is not what was written.
   * @param change done to each block that was read, rows × columns
   */
  table(split: Split, change?: (rows: Values) => void): Table<Values>;
  close(): void;
}

/** Makes the file, in a folder that this process may share with others. `too_large` where the disk has no room. */
const makeTables = <Values extends Float32Array | Float64Array>(
  folder: string,
  plan: TableSpill,
  numbersOf: (buffer: ArrayBuffer) => Values,
): SpilledTables<Values> => {
  const { columns, float64 } = plan;
  const rowWords = tableWords(plan);
  const file = makeScratchFile(folder, plan.bytes);
  const { sinks, finish } = createRowSinks(file, plan.rows, { rowWords, float64 });
  const starts = spillStarts(plan.rows, rowWords);

  const table = (split: Split, change: (rows: Values) => void = () => {}): Table<Values> => {
    const rows = plan.rows[split];
    const blockRows = rowsOfBlock(rowWords);
    const words = new Int32Array(Math.min(rows, blockRows) * rowWords);
    const values = numbersOf(words.buffer);
    const rowNumbers = float64 ? rowWords / 2 : rowWords;
    let [first, end] = [0, 0];
    const bring = (from: number): void => {
      const count = Math.min(blockRows, rows - from);
      // What is read in part is no row.
      end = 0;
      file.read(new Uint8Array(words.buffer, 0, 4 * count * rowWords), starts[split] + 4 * from * rowWords);
      for (let i = 0; i < count; i++) {
        const at = i * rowWords;
        if (checkOf(words, at, rowWords - 1, from + i) !== words[at + rowWords - 1]) throw file.damaged();
      }
      for (let i = 1; i < count; i++) values.copyWithin(i * columns, i * rowNumbers, i * rowNumbers + columns);
      change(values.subarray(0, count * columns) as Values);
      [first, end] = [from, from + count];
    };
    return {
      ...{ rows, columns, values, blockRows },
      seek: (row) => {
        if (row < first || row >= end) {
          assert(row >= 0 && row < rows, `the ${split} rows have row ${row}`);
          bring(row - (row % blockRows));
        }
        return (row - first) * columns;
      },
    };
  };

  return {
    ...{ path: file.path, sinks, table, close: file.close },
    finish: () => {
      finish();
      file.hide();
    },
  };
};

export const makeFloat32Tables = (folder: string, plan: TableSpill): SpilledTables<Float32Array> =>
  makeTables(folder, plan, (buffer) => new Float32Array(buffer));

export const makeFloat64Tables = (folder: string, plan: TableSpill): SpilledTables<Float64Array> =>
  makeTables(folder, plan, (buffer) => new Float64Array(buffer));
