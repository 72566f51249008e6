import { Buffer } from "node:buffer";
import type { DecimalMark, Delimiter } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import { type CsvDialect, delimiters, dialectOf, quoteByte, type StatedDialect, statedOnly } from "./csv-dialect.ts";
import { withoutByteOrderMark } from "./csv-encoding.ts";
import { cellText, createCsvRecord } from "./csv-record.ts";
import { createScanContext, incomplete, scanRecord } from "./csv-scan-record.ts";

/** What is looked at: the first bytes, or as many as the header takes, and the first records in them. */
const sampleBytes = 256 * 1024;
const sampleRecords = 100;

/** The first records as one delimiter makes them; `even`: all have as many cells as the header, and there is one at least. */
interface Reading {
  delimiter: Delimiter;
  columns: number;
  even: boolean;
  records: number;
  /** The texts of cells, where the comma may be a decimal mark. */
  cells: string[][];
}

const mayHaveCommas = (delimiter: Delimiter): boolean => delimiter === ";" || delimiter === "\t";

const readWith = (delimiter: Delimiter, quote: number, sample: Buffer, final: boolean): Reading => {
  const record = createCsvRecord(quote);
  const context = createScanContext({ record, names: [], delimiter: delimiter.charCodeAt(0), quote, final });
  record.bytes = sample;
  record.ascii = false;
  const reading: Reading = { delimiter, columns: 0, even: true, records: 0, cells: [] };
  try {
    for (let at = 0; at < sample.length && reading.records < sampleRecords; ) {
      const next = scanRecord(context, sample, at);
      if (next === incomplete) break;
      at = next;
      if (record.cells === 1 && record.starts[0] === record.ends[0]) continue;
      if (reading.columns === 0) reading.columns = record.cells;
      else {
        reading.records += 1;
        if (mayHaveCommas(delimiter))
          reading.cells.push(Array.from({ length: record.cells }, (_, i) => cellText(record, i)));
        reading.even &&= record.cells === reading.columns;
      }
    }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    reading.even = false;
  }
  reading.even &&= reading.records > 0;
  return reading;
};

/**
 * A comma, unless it does not make a table of the first records and exactly one other delimiter does: what is read with commas stays so. Where the header has commas
 * as well, only a semicolon or a tab may be meant.
 */
const chooseDelimiter = async (readAs: (delimiter: Delimiter) => Promise<Reading>): Promise<Reading> => {
  const comma = await readAs(",");
  if (comma.columns > 1 && comma.even) return comma;
  const tables: Reading[] = [];
  for (const delimiter of delimiters) {
    if (delimiter === "," || (comma.columns > 1 && !mayHaveCommas(delimiter))) continue;
    const reading = await readAs(delimiter);
    if (reading.even && reading.columns > 1) tables.push(reading);
  }
  return tables.length === 1 ? tables[0]! : comma;
};

const commaNumber = /^[ \t]*[+-]?\d*,\d+(?:[eE][+-]?\d+)?[ \t]*$/;
const wholeNumber = /^[ \t]*[+-]?\d+(?:[eE][+-]?\d+)?[ \t]*$/;
const pointNumber = /^[ \t]*[+-]?\d*\.\d+(?:[eE][+-]?\d+)?[ \t]*$/;
/** 1,234 may be a thousand and more; 0,234 and 1,5 are not. */
const grouped = /^[ \t]*[+-]?[1-9]\d{0,2},\d{3}[ \t]*$/;
const missing = /^[ \t]*(?:NA|NaN|null)?[ \t]*$/i;

/** A comma, if a column of numbers has some that cannot be thousands, and none has points. */
const chooseDecimal = ({ delimiter, columns, cells }: Reading): DecimalMark => {
  if (!mayHaveCommas(delimiter)) return ".";
  let commas = false;
  for (let i = 0; i < columns; i++) {
    const present = cells.map((record) => record[i] ?? "").filter((cell) => !missing.test(cell));
    const kinds = (pattern: RegExp): boolean => present.some((cell) => pattern.test(cell));
    if (kinds(pointNumber)) return ".";
    const numbers = present.every((cell) => commaNumber.test(cell) || wholeNumber.test(cell));
    commas ||= numbers && present.some((cell) => commaNumber.test(cell) && !grouped.test(cell));
  }
  return commas ? "," : ".";
};

const choose = async (stated: StatedDialect, sample: Buffer, final: boolean): Promise<CsvDialect> => {
  const turn = createTurnTaker();
  const readAs = async (delimiter: Delimiter): Promise<Reading> => {
    await turn();
    return readWith(delimiter, quoteByte(stated.quote === undefined ? {} : { quote: stated.quote }), sample, final);
  };
  const reading = await (stated.delimiter === undefined ? chooseDelimiter(readAs) : readAs(stated.delimiter));
  const decimal = stated.decimal ?? chooseDecimal(reading);
  return { delimiter: reading.delimiter, decimal, ...statedOnly(stated) };
};

/**
 * How a file separates its cells and writes its decimals, where the user does not say so, found out by its first records; and the file again, from its start.
 * What is stated is not asked.
 */
export const findDialect = async (
  stream: AsyncIterable<Uint8Array>,
  stated: StatedDialect,
): Promise<{ dialect: CsvDialect; stream: AsyncIterable<Uint8Array> }> => {
  const { delimiter, decimal } = stated;
  if (delimiter !== undefined && decimal !== undefined) return { dialect: dialectOf(stated), stream };
  const source = stream[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let [bytes, final, lines] = [0, false, false];
  while (bytes < sampleBytes || (!lines && bytes < limits.csvRowBytes + sampleBytes)) {
    const next = await source.next();
    if (next.done === true) {
      final = true;
      break;
    }
    pieces.push(next.value);
    bytes += next.value.length;
    lines ||= next.value.includes(10);
  }
  const rest = async function* (): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* pieces;
      for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
    } finally {
      await source.return?.();
    }
  };
  const sample = withoutByteOrderMark(Buffer.concat(pieces));
  return { dialect: await choose(stated, sample, final), stream: rest() };
};
