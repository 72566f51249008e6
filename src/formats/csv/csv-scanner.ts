import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { counted } from "../../domain/counted.ts";
import { limits } from "../../domain/limits.ts";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import { type CsvDialect, plainDialect, quoteByte, separatorLine } from "./csv-dialect.ts";
import { checkEncoding, skipByteOrderMark } from "./csv-encoding.ts";
import { csvError } from "./csv-error.ts";
import { parseHeader } from "./csv-header.ts";
import { type CsvRecord, createCsvRecord } from "./csv-record.ts";
import { cellPlace, createScanContext, incomplete, type ScanContext, scanRecord } from "./csv-scan-record.ts";

export interface CsvHandlers {
  /** The column names: all different, none empty. */
  header(names: readonly string[]): void;
  /** A record with as many cells as the header; valid only during the call. False: enough, read no further. */
  record(record: CsvRecord): boolean;
}

/** Where reading begins that is not a file's: at a row, whose offset in the file is known. */
export interface ScanStart {
  names: readonly string[];
  offset: number;
}

/** Pieces from a socket may be tiny: they are joined up to this size, so that scanning a long record again and again stays linear. */
const batchBytes = 256 * 1024;
/** Between two rests: a few milliseconds' worth. */
const cellsAtOnce = 8192;
/** So many pieces are made one, because each costs an object. */
const mostPieces = 256;

/** Collects pieces of bytes to a batch. */
const createBatch = () => {
  let pieces: Uint8Array[] = [];
  let addedBytes = 0;
  /** True when there is enough to scan. */
  const add = (chunk: Uint8Array): boolean => {
    pieces.push(chunk);
    addedBytes += chunk.length;
    if (pieces.length === mostPieces) pieces = [Buffer.concat(pieces)];
    return addedBytes >= batchBytes;
  };
  const take = (): Buffer => Buffer.concat(pieces);
  /** Starts the next batch with what is left of this one. */
  const restart = (rest: Buffer): void => {
    pieces = rest.length > 0 ? [rest] : [];
    addedBytes = 0;
  };
  return { add, take, restart };
};

const createContext = (dialect: CsvDialect, from: ScanStart | undefined): ScanContext => {
  const quote = quoteByte(dialect);
  const { missingWords: words } = dialect;
  const record: CsvRecord = {
    ...createCsvRecord(quote),
    decimal: dialect.decimal.charCodeAt(0),
    missing: words === undefined ? null : new Set(words),
    dates: dialect.dates ?? null,
  };
  const delimiter = dialect.delimiter.charCodeAt(0);
  return createScanContext({ record, names: from?.names ?? [], delimiter, quote, final: false });
};

const isBlankLine = ({ cells, start, starts, ends }: CsvRecord): boolean =>
  cells === 1 && starts[0] === ends[0] && starts[0] === start;

const isSeparatorLine = ({ bytes, line, start, ends, cells }: CsvRecord): boolean =>
  line === 1 && separatorLine.test(bytes.toString("latin1", start, ends[cells - 1]));

/** Of a file that has no names: column_1, column_2, … */
const numberedNames = ({ cells }: CsvRecord): string[] => Array.from({ length: cells }, (_, i) => `column_${i + 1}`);

/**
 * Reads CSV (RFC 4180, UTF-8) from bytes as they come, in bounded memory: at most one batch and one record are held. Blank lines are skipped (a
 * one-column table writes its missing cells as `""`).
 * `push` returns false when the handler has had enough; `end` must be called otherwise, and completes the last record. Both rest now and
 * then, so that others get their turn.
 * Errors: ServiceError `invalid_csv`, with line, column and remedy.
 */
const createCsvScanner = (handlers: CsvHandlers, dialect: CsvDialect = plainDialect, from?: ScanStart) => {
  const context = createContext(dialect, from);
  const batch = createBatch();
  let [line, rows] = [1, 0];
  let fileOffset = from?.offset ?? 0;
  let atFileStart = from === undefined;
  let stopped = false;

  const takeRecord = (record: CsvRecord): void => {
    if (isBlankLine(record) || (context.names.length === 0 && isSeparatorLine(record))) return;
    if (context.names.length === 0) {
      context.names = dialect.header === "absent" ? numberedNames(record) : parseHeader(context);
      handlers.header(context.names);
      if (dialect.header !== "absent") return;
    }
    if (record.cells !== context.names.length) throw raggedRow(context);
    rows += 1;
    stopped = !handlers.record(record);
  };

  /** Hands out complete records from `from` on, a few thousand cells, and returns the offset of what is left. */
  const scanSome = (bytes: Buffer, from: number, suspect: boolean): { at: number; ended: boolean } => {
    const { record } = context;
    let [at, cells] = [from, 0];
    while (at < bytes.length && !stopped && cells < cellsAtOnce) {
      record.line = line;
      const next = scanRecord(context, bytes, at);
      if (next === incomplete ? bytes.length - at > limits.csvRowBytes : next - at > limits.csvRowBytes) {
        throw rowTooLong(context);
      }
      if (next === incomplete) return { at, ended: true };
      if (suspect) checkEncoding(context);
      record.offset = fileOffset + record.start;
      takeRecord(record);
      line += record.lines;
      at = next;
      cells += record.cells;
    }
    return { at, ended: stopped || at >= bytes.length };
  };

  /** Hands out the complete records of `bytes`, with rests between them, and returns the offset of what is left. */
  function* scanBatch(bytes: Buffer): Generator<void, number, void> {
    const { record } = context;
    record.bytes = bytes;
    // A character never spans a line feed, so up to the last one the bytes must be whole characters.
    const settled = context.final ? bytes : bytes.subarray(0, bytes.lastIndexOf(10) + 1);
    record.ascii = isAscii(settled);
    const suspect = settled.includes(0) || !(record.ascii || isUtf8(settled));
    for (let from = 0; ; ) {
      const { at, ended } = scanSome(bytes, from, suspect);
      if (ended) return at;
      from = at;
      yield;
    }
  }

  function* flush(): Generator<void, void, void> {
    let bytes = batch.take();
    if (atFileStart && bytes.length > 0) {
      const whole = bytes.length;
      bytes = skipByteOrderMark(bytes);
      [fileOffset, atFileStart] = [fileOffset + whole - bytes.length, false];
    }
    const scanned = yield* scanBatch(bytes);
    fileOffset += scanned;
    batch.restart(bytes.subarray(scanned));
  }

  function* push(chunk: Uint8Array): Generator<void, boolean, void> {
    for (let at = 0; at < chunk.length && !stopped; at += batchBytes) {
      if (batch.add(chunk.subarray(at, at + batchBytes))) yield* flush();
    }
    return !stopped;
  }

  function* end(): Generator<void, void, void> {
    context.final = true;
    yield* flush();
    if (!stopped && rows === 0) throw noRows(context, line);
  }

  return { push, end };
};

/** Feeds a stream of bytes to a scanner; the stream is destroyed when the handler has had enough or an error is found. */
export const scanCsv = async (
  stream: AsyncIterable<Uint8Array>,
  handlers: CsvHandlers,
  dialect?: CsvDialect,
  from?: ScanStart,
): Promise<void> => {
  const scanner = createCsvScanner(handlers, dialect, from);
  const turn = createTurnTaker();
  const run = async <T>(work: Generator<void, T, void>): Promise<T> => {
    for (;;) {
      const rest = work.next();
      if (rest.done === true) return rest.value;
      await turn();
    }
  };
  for await (const chunk of stream) {
    if (!(await run(scanner.push(chunk)))) return;
    await turn();
  }
  await run(scanner.end());
};

const noRows = (context: ScanContext, line: number) =>
  context.names.length === 0
    ? csvError({ line: 1 }, "the file is empty", "it must have a header line with the column names, and rows")
    : csvError({ line }, "the file has a header but no rows", "add at least one row below the header");

const raggedRow = (context: ScanContext) => {
  const [cells, columns] = [context.record.cells, context.names.length];
  const place =
    cells > columns
      ? cellPlace(context, columns)
      : { ...cellPlace(context, cells - 1), column: cells + 1, name: context.names[cells] };
  return csvError(
    place,
    `the row has ${counted(cells, "cell")} where the header has ${columns}`,
    "give every row as many cells as the header, leaving missing ones empty, and enclose cells that contain the delimiter in quotes",
  );
};

const rowTooLong = (context: ScanContext) => {
  const { record, openCell } = context;
  const place =
    openCell === -1
      ? { line: record.line }
      : { line: record.line, column: openCell + 1, name: context.names[openCell] };
  const remedy = openCell === -1 ? "shorten its cells" : "look for a quote that is opened there and not closed";
  return csvError(place, `the row has more than ${limits.csvRowBytes} bytes`, remedy);
};
