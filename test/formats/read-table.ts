import { cellText } from "../../src/formats/csv/csv-record.ts";
import { type CsvHandlers, scanCsv } from "../../src/formats/csv/csv-scanner.ts";
import { readJsonLines } from "../../src/formats/ndjson/json-lines.ts";
import { readParquet } from "../../src/formats/parquet/parquet-table.ts";
import type { ReadBytes, TableBytes } from "../../src/formats/table-bytes.ts";

/** A file in memory, handed out in pieces of a size that cuts everything somewhere. */
export const readingPieces =
  (file: Uint8Array, piece = 1013): ReadBytes =>
  async ({ start, end } = { start: 0, end: file.length }) =>
    (async function* () {
      for (let at = start; at < end; at += piece) yield file.subarray(at, Math.min(end, at + piece));
    })();

export interface ReadTable {
  names: string[];
  rows: string[][];
  texts: string[];
  leftOut: TableBytes["leftOut"];
}

/** The table as our own CSV reader sees what was written. */
const scanned = async ({ csv, texts, leftOut }: TableBytes): Promise<ReadTable> => {
  const table: ReadTable = { names: [], rows: [], texts: [...texts], leftOut };
  const handlers: CsvHandlers = {
    header: (names) => table.names.push(...names),
    record: (record) => {
      table.rows.push(table.names.map((_, i) => cellText(record, i)));
      return true;
    },
  };
  await scanCsv(csv, handlers);
  return table;
};

export const tableOfJsonLines = async (text: string | Uint8Array): Promise<ReadTable> =>
  scanned(await readJsonLines(readingPieces(typeof text === "string" ? Buffer.from(text) : text)));

export const tableOfParquet = async (file: Uint8Array, rowsAtOnce?: number): Promise<ReadTable> =>
  scanned(await readParquet(readingPieces(file), file.length, rowsAtOnce));
