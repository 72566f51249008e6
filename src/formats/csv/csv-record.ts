import { Buffer } from "node:buffer";
import type { DateOrder } from "../../domain/datasets/dataset.ts";

/**
 * One record of a CSV file as offsets into the bytes that were read, so that no string is made for a cell that nobody asks for.
 * The scanner reuses it: it is valid only until the callback returns.
 */
export interface CsvRecord {
  bytes: Buffer;
  /** Cell i is bytes[starts[i], ends[i]), without its enclosing quotes. */
  starts: Int32Array;
  ends: Int32Array;
  /** 1 where the cell was quoted and still has its doubled quotes. */
  escaped: Uint8Array;
  cells: number;
  /** Offset of the record's first byte, here and in the file, and its line in the file (from 1). */
  start: number;
  offset: number;
  line: number;
  /** Lines that the record takes: more than one with line feeds in quoted cells. */
  lines: number;
  /** No byte above 127: text can be sliced without decoding. */
  ascii: boolean;
  /** The byte that stands before decimals. */
  decimal: number;
  /** The character that encloses cells and is doubled in them. */
  quote: string;
  /** Texts of cells that are missing in every column, beside empty ones; null: none. */
  missing: ReadonlySet<string> | null;
  /** Which of the numbers in 03/04/2026 is the day; null: that is not said. */
  dates: DateOrder | null;
}

export const createCsvRecord = (quote = 34): CsvRecord => ({
  bytes: Buffer.alloc(0),
  starts: new Int32Array(64),
  ends: new Int32Array(64),
  escaped: new Uint8Array(64),
  cells: 0,
  start: 0,
  offset: 0,
  line: 0,
  lines: 1,
  ascii: true,
  decimal: 46,
  quote: String.fromCharCode(Math.max(0, quote)),
  missing: null,
  dates: null,
});

/** Doubles the room for cells. */
export const growRecord = (record: CsvRecord): void => {
  const { starts, ends, escaped } = record;
  record.starts = new Int32Array(starts.length * 2);
  record.ends = new Int32Array(starts.length * 2);
  record.escaped = new Uint8Array(starts.length * 2);
  record.starts.set(starts);
  record.ends.set(ends);
  record.escaped.set(escaped);
};

/** The text of cell i, with doubled quotes made single. */
export const cellText = (record: CsvRecord, i: number): string => {
  const [start, end] = [record.starts[i]!, record.ends[i]!];
  const text = record.bytes.toString(record.ascii ? "latin1" : "utf8", start, end);
  return record.escaped[i] === 1 ? text.replaceAll(record.quote + record.quote, record.quote) : text;
};

/** The line of cell i: that of its record, and one more for each line feed in the quoted cells before it. */
export const cellLine = (record: CsvRecord, i: number): number => {
  let line = record.line;
  for (let at = record.start; at < record.starts[i]!; at++) if (record.bytes[at] === 10) line += 1;
  return line;
};
