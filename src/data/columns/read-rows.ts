import { Buffer } from "node:buffer";
import type { Cell, Column, Dataset, Row } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import type { CsvHandlers } from "../../formats/csv/csv-scanner.ts";
import { encodePng } from "../../formats/images/decode-image.ts";
import { cellNumber, isEmptyCell, notANumber } from "./number-cell.ts";
import { scanRows } from "./scan-rows.ts";

const readCell = (record: CsvRecord, i: number, { type }: Column): Cell | Buffer => {
  if (type === "image") return Buffer.from(record.bytes.subarray(record.starts[i], record.ends[i]));
  if (isEmptyCell(record, i)) return null;
  if (type === "category") return cellText(record, i);
  const value = cellNumber(record, i);
  if (value === notANumber) return cellText(record, i);
  return Number.isNaN(value) ? null : value;
};

/** Quotes, colon and comma of a cell in JSON. */
const bytesPerCell = 6;

type RawRow = (Cell | Buffer)[];

/** An image as a prediction takes it: a file in base64, without loss. */
const showCell = async (cell: Cell | Buffer, { image }: Column): Promise<Cell> =>
  cell instanceof Buffer && image !== undefined ? (await encodePng(cell, image)).toString("base64") : (cell as Cell);

const showRow = async (cells: RawRow, columns: readonly Column[]): Promise<Row> => {
  const shown: [string, Cell][] = [];
  for (const [i, column] of columns.entries()) shown.push([column.name, await showCell(cells[i] ?? null, column)]);
  // fromEntries makes own properties even of names such as __proto__.
  return Object.fromEntries(shown);
};

/**
 * The first rows of a file as a prediction takes them: numbers, texts, images as PNG in base64, and null for missing cells; as many
 * of them as a preview has room for. Reads no more than it needs.
 */
export const readRows = async (
  stream: AsyncIterable<Uint8Array>,
  limit: number,
  dataset: Pick<Dataset, "columns"> & Partial<Pick<Dataset, "format" | "delimiter" | "decimal">>,
): Promise<Row[]> => {
  const rows: RawRow[] = [];
  if (limit < 1) return [];
  const { columns } = dataset;
  const bytesOfNames = columns.reduce((bytes, { name }) => bytes + Buffer.byteLength(name) + bytesPerCell, 0);
  let bytes = 0;
  const handlers: CsvHandlers = {
    header: () => {},
    record: (record) => {
      bytes += bytesOfNames + (record.ends[record.cells - 1] ?? 0) - (record.starts[0] ?? 0);
      if (bytes > limits.previewBytes && rows.length > 0) return false;
      rows.push(columns.map((column, i) => readCell(record, i, column)));
      return rows.length < limit;
    },
  };
  await scanRows(stream, handlers, dataset);
  const shown: Row[] = [];
  for (const cells of rows) shown.push(await showRow(cells, columns));
  return shown;
};
