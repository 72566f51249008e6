import type { Buffer } from "node:buffer";
import type { DecimalMark } from "../../domain/datasets/dataset.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";

/**
 * What a cell means in a number column: a finite number, `missingNumber` (NaN) or `notANumber` (Infinity, which no cell can mean).
 * Plain numbers rather than a union, because this runs once per cell of the file.
 */
export const missingNumber = Number.NaN;
export const notANumber = Number.POSITIVE_INFINITY;

const [space, tab, plus, minus, point, zero, nine] = [32, 9, 43, 45, 46, 48, 57];
const missingWords: ReadonlySet<string> = new Set(["na", "n/a", "nan", "null"]);
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** 10⁰ to 10²², which doubles hold exactly. */
export const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Below it one more decimal digit keeps a whole number exact. */
const exactBelow = 900_719_925_474_098;

const isBlank = (byte: number): boolean => byte === space || byte === tab;

/** Whether the cell has nothing but spaces and tabs, or is stated to be missing: so it is in every type of column. */
export const isEmptyCell = (record: CsvRecord, i: number): boolean => {
  const end = record.ends[i]!;
  let at = record.starts[i]!;
  while (at < end && isBlank(record.bytes[at]!)) at += 1;
  return at === end || (record.missing !== null && isStatedMissing(record, i));
};

/** A text without the blanks around it, which no cell's meaning depends on. */
export const withoutBlanks = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, "");

const isStatedMissing = (record: CsvRecord, i: number): boolean =>
  record.missing?.has(withoutBlanks(cellText(record, i))) === true;

/** Whether a text is NA, NaN, null or n/a, in any case. */
export const isMissingWord = (text: string): boolean => missingWords.has(text.trim().toLowerCase());

/** NA, NaN, null and n/a in any case mean a missing number. */
const missingOrText = (bytes: Buffer, start: number, end: number): number =>
  end - start <= 4 && missingWords.has(bytes.toString("latin1", start, end).toLowerCase()) ? missingNumber : notANumber;

/** `1,5` as `1.5` where the comma is the decimal mark; what has a point is then no number. */
const withPoint = (text: string, mark: number): string =>
  mark === point ? text : text.replaceAll(".", "?").replace(",", ".");

/** The correctly rounded number for what the fast path leaves: exponents, many digits. */
const parseSlowly = (bytes: Buffer, start: number, end: number, mark: number): number => {
  const cell = withPoint(bytes.toString("latin1", start, end), mark);
  if (!decimal.test(cell)) return missingOrText(bytes, start, end);
  const value = Number(cell);
  return Number.isFinite(value) ? value : notANumber;
};

/** So many bytes are digits of a whole number below 2³¹ at most. */
const shortest = 9;

/**
 * The same of few bytes: digits and one point at most, with a sign, as most cells are; `notANumber` for anything else, which may be a number all the same. The mantissa
 * is a whole number of 32 bits, so that the one division is all that is computed in doubles.
 */
const parseShort = (bytes: Buffer, start: number, end: number, mark: number): number => {
  const sign = bytes[start]!;
  const first = sign === minus ? start + 1 : start;
  if (end - first > shortest) return notANumber;
  let mantissa = 0;
  let pointAt = -1;
  for (let at = first; at < end; at++) {
    const byte = bytes[at]!;
    const digit = byte - zero;
    if (digit >= 0 && digit <= 9) mantissa = (mantissa * 10 + digit) | 0;
    else if (byte === mark && pointAt === -1) pointAt = at;
    else return notANumber;
  }
  const decimals = pointAt === -1 ? 0 : end - 1 - pointAt;
  const digits = end - first - (pointAt === -1 ? 0 : 1);
  if (digits <= 0) return notANumber;
  const size = mantissa / powersOfTen[decimals]!;
  return sign === minus ? -size : size;
};

/**
 * Reads a decimal number, `5`, `-.5`, `1e-3`, with blanks around it; no hexadecimal, no infinity, no thousands separators.
 * A mantissa below 2⁵³ and at most 22 digits after the point give the correctly rounded double with one exact division
 * (Clinger, "How to read floating point numbers accurately", PLDI 1990); Number() reads the rest.
 */
export const parseNumber = (bytes: Buffer, from: number, to: number, mark: number = point): number => {
  const short = parseShort(bytes, from, to, mark);
  if (short !== notANumber) return short;
  let start = from;
  let end = to;
  while (start < end && isBlank(bytes[start]!)) start += 1;
  while (end > start && isBlank(bytes[end - 1]!)) end -= 1;
  if (start === end) return missingNumber;
  let at = start;
  const sign = bytes[at]!;
  if (sign === minus || sign === plus) at += 1;
  let mantissa = 0;
  let digits = 0;
  let pointAt = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= zero && byte <= nine) {
      if (mantissa > exactBelow) return parseSlowly(bytes, start, end, mark);
      mantissa = mantissa * 10 + (byte - zero);
      digits += 1;
    } else if (byte === mark && pointAt === -1) pointAt = at;
    else return digits === 0 ? missingOrText(bytes, start, end) : parseSlowly(bytes, start, end, mark);
  }
  if (digits === 0) return notANumber;
  const decimals = pointAt === -1 ? 0 : end - 1 - pointAt;
  if (decimals > 22) return parseSlowly(bytes, start, end, mark);
  const size = decimals === 0 ? mantissa : mantissa / powersOfTen[decimals]!;
  return sign === minus ? -size : size;
};

/** Cell i as a number column reads it. */
export const cellNumber = (record: CsvRecord, i: number): number =>
  record.missing !== null && isStatedMissing(record, i)
    ? missingNumber
    : record.escaped[i] === 1
      ? notANumber
      : parseNumber(record.bytes, record.starts[i]!, record.ends[i]!, record.decimal);

/** The number that the text of a cell means, in a column whose cells are numbers. */
export const textNumber = (text: string, decimal: DecimalMark): number =>
  Number(withPoint(text, decimal.charCodeAt(0)));

/** The text of a number in a label or a category: `1`, `1.0` and `01` are the same value. */
export const numberText = (value: number): string => String(value);
