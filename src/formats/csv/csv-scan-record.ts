import type { Buffer } from "node:buffer";
import { limits } from "../../domain/limits.ts";
import { type CsvPlace, csvError } from "./csv-error.ts";
import { type CsvRecord, cellLine, growRecord } from "./csv-record.ts";

const [lineFeed, carriageReturn] = [10, 13];

/** What scanning one record needs to know of the file. */
export interface ScanContext {
  record: CsvRecord;
  /** Empty until the header was read. */
  names: readonly string[];
  /** The byte between two cells. */
  delimiter: number;
  /** The byte that encloses cells; −1: none does. */
  quote: number;
  /** What each byte means to a cell without quotes. */
  kinds: Uint8Array;
  /** No more bytes will come: what ends at the end of `bytes` is complete. */
  final: boolean;
  /** The cell whose opening quote has no closing one in `bytes`, or −1. */
  openCell: number;
}

/** The record is not complete within the bytes at hand. */
export const incomplete = -1;

/** What a byte is: part of a cell, between two, a line's end, or what only the careful scan can tell. */
const [ordinary, between, lineEnd, special] = [0, 1, 2, 3];

/** By byte. */
const byteKinds = (delimiter: number, quote: number): Uint8Array => {
  const kinds = new Uint8Array(256).fill(ordinary);
  kinds[lineFeed] = lineEnd;
  kinds[carriageReturn] = special;
  if (quote >= 0) kinds[quote] = special;
  kinds[delimiter] = between;
  return kinds;
};

/** Of a file, or of a part of it, that is scanned from here on. */
export const createScanContext = (
  known: Pick<ScanContext, "record" | "names" | "delimiter" | "quote" | "final">,
): ScanContext => ({ ...known, kinds: byteKinds(known.delimiter, known.quote), openCell: -1 });

/** Where cell i of the current record lies, for an error. */
export const cellPlace = ({ record, names }: ScanContext, i: number): CsvPlace => ({
  line: cellLine(record, i),
  column: i + 1,
  name: names[i],
});

const addCell = (context: ScanContext, start: number, end: number, escaped: number): void => {
  const { record } = context;
  const i = record.cells;
  if (i === record.starts.length) growRecord(record);
  record.starts[i] = start;
  record.ends[i] = end;
  record.escaped[i] = escaped;
  record.cells = i + 1;
  if (end - start > limits.csvCellBytes) {
    throw csvError(
      cellPlace(context, i),
      `the cell has more than ${limits.csvCellBytes} bytes`,
      "shorten it; if the cell was not meant to be so long, look for a quote that is not closed",
    );
  }
  if (i >= limits.columns) {
    throw csvError(
      cellPlace(context, i),
      `the line has more than ${limits.columns} columns`,
      "remove columns, or put the table on its side if its rows are columns",
    );
  }
};

/** Opens cell number `record.cells` at `start` so that an error can be placed there. */
const failAt = (context: ScanContext, start: number, problem: string, remedy: string): never => {
  addCell(context, start, start, 0);
  throw csvError(cellPlace(context, context.record.cells - 1), problem, remedy);
};

/** Scans a cell that begins with a quote at `at`; returns the offset behind its closing quote, or `incomplete`. */
const scanQuoted = (context: ScanContext, bytes: Buffer, at: number): number => {
  const { length } = bytes;
  const { quote } = context;
  let escaped = 0;
  let end = at + 1;
  for (;;) {
    while (end < length && bytes[end] !== quote) {
      if (bytes[end] === lineFeed) context.record.lines += 1;
      end += 1;
    }
    // A quote that is the last byte at hand may be the first of two.
    if (end >= length || (end + 1 === length && !context.final)) {
      context.openCell = context.record.cells;
      if (!context.final) return incomplete;
      return failAt(
        context,
        at,
        "the cell's opening quote is never closed",
        `close it with a quote (${String.fromCharCode(quote)})`,
      );
    }
    if (bytes[end + 1] !== quote) break;
    escaped = 1;
    end += 2;
  }
  addCell(context, at + 1, end, escaped);
  return end + 1;
};

/** Scans a cell without quotes; returns the offset of what ends it. */
const scanPlain = (context: ScanContext, bytes: Buffer, at: number): number => {
  const length = bytes.length;
  const { delimiter, quote } = context;
  let end = at;
  for (; end < length; end++) {
    const byte = bytes[end]!;
    if (byte === delimiter || byte === lineFeed || byte === carriageReturn) break;
    if (byte === quote) {
      failAt(
        context,
        at,
        `a quote (${String.fromCharCode(quote)}) stands inside a cell without quotes`,
        `enclose the cell in quotes and double those inside it (${String.fromCharCode(quote, quote)})`,
      );
    }
  }
  addCell(context, at, end, 0);
  return end;
};

/** Not a record that is scanned in one loop. */
const careful = -2;

/** Scans a record of cells without quotes, as nearly all are, byte by byte; `careful` where it has anything else, or may be incomplete or too large. */
const scanPlainCells = ({ record, kinds }: ScanContext, bytes: Buffer, from: number): number => {
  const { length } = bytes;
  let { starts, ends, escaped } = record;
  let cells = 0;
  let start = from;
  for (let at = from; at < length; at++) {
    const kind = kinds[bytes[at]!]!;
    if (kind === ordinary) continue;
    if (kind === special && (bytes[at] !== carriageReturn || at + 1 === length || bytes[at + 1] !== lineFeed))
      return careful;
    if (cells === starts.length) {
      growRecord(record);
      ({ starts, ends, escaped } = record);
    }
    starts[cells] = start;
    ends[cells] = at;
    escaped[cells] = 0;
    cells += 1;
    start = at + 1;
    if (kind === between) continue;
    if (at - from > limits.csvCellBytes || cells > limits.columns) return careful;
    record.cells = cells;
    return kind === lineEnd ? start : start + 1;
  }
  return careful;
};

/**
 * Scans the record that begins at `from` into context.record, after RFC 4180 (comma or another delimiter, optional quotes, doubled quotes inside them, line ends LF or CRLF).
 * Returns the offset of the next record, or `incomplete`.
 */
export const scanRecord = (context: ScanContext, bytes: Buffer, from: number): number => {
  const { record, final, delimiter, quote } = context;
  const length = bytes.length;
  record.cells = 0;
  record.start = from;
  record.lines = 1;
  context.openCell = -1;
  const next = scanPlainCells(context, bytes, from);
  if (next !== careful) return next;
  record.cells = 0;
  let at = from;
  for (;;) {
    const quoted = at < length && bytes[at] === quote;
    at = quoted ? scanQuoted(context, bytes, at) : scanPlain(context, bytes, at);
    if (at === incomplete) return incomplete;
    if (at >= length) return final ? length : incomplete;
    const byte = bytes[at]!;
    if (byte === delimiter) {
      at += 1;
      continue;
    }
    if (byte === lineFeed) return at + 1;
    if (byte === carriageReturn) {
      if (at + 1 === length) return final ? length : incomplete;
      if (bytes[at + 1] === lineFeed) return at + 2;
    }
    const place = cellPlace(context, record.cells - 1);
    throw byte === carriageReturn
      ? csvError(
          place,
          "a carriage return without a line feed follows the cell",
          "save the file with line ends LF or CRLF, or enclose the cell in quotes",
        )
      : csvError(
          place,
          "text follows the cell's closing quote",
          `double every quote inside the cell (${String.fromCharCode(quote, quote)}), or put a delimiter after it`,
        );
  }
};
