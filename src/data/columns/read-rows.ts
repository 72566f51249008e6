import type { Cell, Column, Dataset, Row } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import { dialectOf } from "../../formats/csv/csv-dialect.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { type CsvHandlers, scanCsv } from "../../formats/csv/csv-scanner.ts";
import { cellNumber, isEmptyCell, notANumber } from "./number-cell.ts";

const readCell = (record: CsvRecord, i: number, type: Column["type"]): Cell => {
  if (isEmptyCell(record, i)) return null;
  if (type === "category") return cellText(record, i);
  const value = cellNumber(record, i);
  if (value === notANumber) return cellText(record, i);
  return Number.isNaN(value) ? null : value;
};

/** Quotes, colon and comma of a cell in JSON. */
const bytesPerCell = 6;

/**
 * The first rows of a file as a prediction takes them: numbers, texts, and null for missing cells; as many of them as a preview has
 * room for. Reads no more than it needs.
 */
export const readRows = async (
  stream: AsyncIterable<Uint8Array>,
  limit: number,
  { columns, ...dialect }: Pick<Dataset, "columns" | "delimiter" | "decimal">,
): Promise<Row[]> => {
  const rows: Row[] = [];
  if (limit < 1) return rows;
  const bytesOfNames = columns.reduce((bytes, { name }) => bytes + Buffer.byteLength(name) + bytesPerCell, 0);
  let bytes = 0;
  const handlers: CsvHandlers = {
    header: () => {},
    record: (record) => {
      bytes += bytesOfNames + (record.ends[record.cells - 1] ?? 0) - (record.starts[0] ?? 0);
      if (bytes > limits.previewBytes && rows.length > 0) return false;
      // fromEntries makes own properties even of names such as __proto__.
      rows.push(Object.fromEntries(columns.map(({ name, type }, i) => [name, readCell(record, i, type)])));
      return rows.length < limit;
    },
  };
  await scanCsv(stream, handlers, dialectOf(dialect));
  return rows;
};
