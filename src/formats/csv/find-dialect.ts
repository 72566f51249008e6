import { Buffer } from "node:buffer";
import type { Delimiter } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import {
  type CsvDialect,
  delimiters,
  dialectOf,
  quoteByte,
  type StatedDialect,
  separatorLine,
  statedOnly,
} from "./csv-dialect.ts";
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

const commaNumber = /^[ \t]*[+-]?\d*,\d+(?:[eE][+-]?\d+)?[ \t]*$/;
const wholeNumber = /^[ \t]*[+-]?\d+(?:[eE][+-]?\d+)?[ \t]*$/;
const pointNumber = /^[ \t]*[+-]?\d*\.\d+(?:[eE][+-]?\d+)?[ \t]*$/;
/** 1,234 may be a thousand and more; 0,234 and 1,5 are not. */
const grouped = /^[ \t]*[+-]?[1-9]\d{0,2},\d{3}[ \t]*$/;
const missing = /^[ \t]*(?:NA|NaN|null)?[ \t]*$/i;

/** How many columns of numbers have commas that cannot be thousands; none, where a number has a point. */
const decimalColumns = ({ delimiter, columns, cells }: Reading): number => {
  if (!mayHaveCommas(delimiter)) return 0;
  let found = 0;
  for (let i = 0; i < columns; i++) {
    const present = cells.map((record) => record[i] ?? "").filter((cell) => !missing.test(cell));
    const kinds = (pattern: RegExp): boolean => present.some((cell) => pattern.test(cell));
    if (kinds(pointNumber)) return 0;
    const numbers = present.every((cell) => commaNumber.test(cell) || wholeNumber.test(cell));
    if (numbers && present.some((cell) => commaNumber.test(cell) && !grouped.test(cell))) found += 1;
  }
  return found;
};

/**
 * A comma, unless it does not make a table of the first records and exactly one other delimiter does: what is read with commas stays so. Where the header has commas
 * as well, only a semicolon or a tab may be meant; and where both make a table, as of `1,5;2,5` without a header, only if two columns have decimal commas then.
 */
const chooseDelimiter = async (readAs: (delimiter: Delimiter) => Promise<Reading>): Promise<Reading> => {
  const comma = await readAs(",");
  const isTable = comma.columns > 1 && comma.even;
  const tables: Reading[] = [];
  for (const delimiter of delimiters) {
    if (delimiter === "," || (comma.columns > 1 && !mayHaveCommas(delimiter))) continue;
    const reading = await readAs(delimiter);
    if (reading.even && reading.columns > 1) tables.push(reading);
  }
  const other = tables.length === 1 ? tables[0]! : comma;
  return isTable && decimalColumns(other) < 2 ? comma : other;
};

const choose = async (stated: StatedDialect, sample: Buffer, final: boolean): Promise<CsvDialect> => {
  const turn = createTurnTaker();
  const readAs = async (delimiter: Delimiter): Promise<Reading> => {
    await turn();
    return readWith(delimiter, quoteByte(stated.quote === undefined ? {} : { quote: stated.quote }), sample, final);
  };
  const reading = await (stated.delimiter === undefined ? chooseDelimiter(readAs) : readAs(stated.delimiter));
  const decimal = stated.decimal ?? (decimalColumns(reading) > 0 ? "," : ".");
  return { delimiter: reading.delimiter, decimal, ...statedOnly(stated) };
};

/**
 * How a file separates its cells and writes its decimals, where the user does not say so, found out by its first records; and the file again, from its start.
 * What is stated is not asked; `declared` is the delimiter that a first line such as `sep=;` names.
 */
export const findDialect = async (
  stream: AsyncIterable<Uint8Array>,
  stated: StatedDialect,
): Promise<{ dialect: CsvDialect; declared?: Delimiter; stream: AsyncIterable<Uint8Array> }> => {
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
  const line = separatorLine.exec(sample.toString("latin1", 0, 16));
  const declared = line?.[1] as Delimiter | undefined;
  const known: StatedDialect = { ...stated, delimiter: stated.delimiter ?? declared };
  return {
    dialect: await choose(known, sample.subarray(line?.[0].length ?? 0), final),
    ...(declared === undefined ? {} : { declared }),
    stream: rest(),
  };
};
