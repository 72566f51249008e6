import type { ColumnNote, ColumnType, DecimalMark } from "../../domain/datasets/dataset.ts";
import { quoteCell } from "../../formats/csv/csv-error.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";

/**
 * Numbers that a number column would not give back: `00501` loses its zeros, a whole number beyond 2⁵³ its last digits, and cells that are all of the form
 * `1e3` are article codes rather than thousands. Such a column is one of categories, unless the user says otherwise.
 */
export interface CodeCells {
  leadingZeros: number;
  largeIntegers: number;
  /** How many cells of the form 1e3 there were before any other number. */
  exponents: number;
  onlyExponents: boolean;
}

export const createCodeCells = (): CodeCells => ({
  leadingZeros: 0,
  largeIntegers: 0,
  exponents: 0,
  onlyExponents: true,
});

const [zero, nine] = [48, 57];
const exponentCode = /^\d+[eE]\d+$/;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= zero && byte <= nine;

const onlyDigits = ({ bytes, starts, ends }: CsvRecord, i: number): boolean => {
  for (let at = starts[i]!; at < ends[i]!; at++) if (!isDigit(bytes[at])) return false;
  return true;
};

/** Adds cell i, which holds the number `value`. */
export const addNumberCell = (codes: CodeCells, record: CsvRecord, i: number, value: number): void => {
  const { bytes, starts, ends } = record;
  const [start, end] = [starts[i]!, ends[i]!];
  if (bytes[start] === zero && end - start > 1 && isDigit(bytes[start + 1]) && onlyDigits(record, i))
    codes.leadingZeros += 1;
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER && /^[+-]?\d+$/.test(cellText(record, i))) codes.largeIntegers += 1;
  if (!codes.onlyExponents) return;
  codes.onlyExponents = end - start >= 3 && exponentCode.test(cellText(record, i));
  if (codes.onlyExponents) codes.exponents += 1;
};

/** What speaks against reading the column as numbers; empty: nothing. */
export const codeNotes = (codes: CodeCells, stated: ColumnType | undefined): ColumnNote[] => {
  if (stated === "category") return [];
  const cells = (count: number): string => (count === 1 ? "1 cell is" : `${count} cells are`);
  const taken =
    stated === "number"
      ? "as numbers, as stated, they lose that"
      : 'they are read as categories; state the type "number" if they are numbers';
  const notes: ColumnNote[] = [];
  if (codes.leadingZeros > 0) {
    notes.push({ code: "leading_zeros", message: `${cells(codes.leadingZeros)} written with leading zeros; ${taken}` });
  }
  if (codes.largeIntegers > 0) {
    const message = `${cells(codes.largeIntegers)} whole numbers beyond 2⁵³, which a number does not hold exactly; ${taken}`;
    notes.push({ code: "large_integers", message });
  }
  if (codes.onlyExponents && codes.exponents > 0) {
    const message = `all cells are written like codes with an e, and different ones may be the same number (1e3, 10e2); ${taken}`;
    notes.push({ code: "exponent_codes", message });
  }
  return notes;
};

/** Texts that are numbers to people. */
export interface NumberForms {
  /** Every present cell so far is a number, if the comma is a decimal mark; and one had such a comma that parts no thousands. */
  commas: { only: boolean; seen: boolean };
  /** The same of numbers with thousands marks, %, signs of money; how one is written, if there is one without a doubt about its mark, and the first in the brackets of accounts. */
  formatted: { only: boolean; example: string | null; negative: string | null };
}

export const createNumberForms = (only: boolean): NumberForms => ({
  commas: { only, seen: false },
  formatted: { only, example: null, negative: null },
});

const commaNumber = /^[ \t]*[+-]?\d+(?:,\d+)?(?:[eE][+-]?\d+)?[ \t]*$/;
/** 1,234 is a thousand and more, until other cells say otherwise. */
const groupedNumber = /^[ \t]*[+-]?[1-9]\d{0,2}[.,]\d{3}[ \t]*$/;
const plainNumber = /^[+-]?\d+(?:[.,]\d+)?$/;
/** 1,234.5 and 1.234,5, 12 %, $3.50, −5 with a minus sign of print, (12.50) of accounts; thousands may be parted by blanks and apostrophes too. */
const formattedNumber =
  /^\(?[+\-−]?[$€£¥]?[ \u00a0]?[+\-−]?(?:\d+|[1-9]\d{0,2}(?:([,.'’ \u00a0\u202f])\d{3})(?:\1\d{3})*)(?:[.,]\d+)?[ \u00a0\u202f]?[%$€£¥]?\)?$/;

const signs = /[^\d.,'’ \u00a0\u202f]/g;
/** One mark before three digits, which may part thousands as well as decimals. */
const oneMark = /^[1-9]\d{0,2}([.,])\d{3}$/;
const digitsAndDecimals = /^([1-9]\d{0,2}(?:([,.'’ \u00a0\u202f])\d{3})(?:\2\d{3})*|\d+)(?:[.,](\d+))?$/;

/** What its marks mean is plain, and so what those of the column's others do. */
const decides = (bare: string): boolean => /[.,]/.test(bare) && !oneMark.test(bare);

const withoutSigns = (text: string): string => text.replace(signs, "").trim();

/** Adds cell i, which is there. */
export const addNumberForm = ({ commas, formatted }: NumberForms, record: CsvRecord, i: number): void => {
  if (!commas.only && !formatted.only) return;
  const text = cellText(record, i);
  commas.only &&= commaNumber.test(text);
  const isGrouped = groupedNumber.test(text);
  commas.seen ||= commas.only && text.includes(",") && !isGrouped;
  const trimmed = text.trim();
  formatted.only &&= formattedNumber.test(trimmed);
  if (!formatted.only || (plainNumber.test(trimmed) && !isGrouped)) return;
  if (trimmed.startsWith("(")) formatted.negative ??= trimmed;
  const { example } = formatted;
  const isClearer = example !== null && oneMark.test(withoutSigns(example)) && decides(withoutSigns(trimmed));
  if (example === null || isClearer) formatted.example = trimmed;
};

/** A formatted number as a file with this decimal mark has it: 1,234.5 as 1234.5 or 1234,5; (71.00) as -71.00. One mark before three digits parts thousands, unless it is the file's decimal mark. */
const asPlain = (text: string, decimal: DecimalMark): string => {
  const bare = withoutSigns(text);
  const sign = /^\(|[-−]/.test(text) ? "-" : "";
  if (oneMark.exec(bare)?.[1] === decimal) return sign + bare;
  const [, whole = bare, , decimals] = digitsAndDecimals.exec(bare) ?? [];
  return `${sign}${whole.replace(/\D/g, "")}${decimals === undefined ? "" : decimal + decimals}`;
};

/** What a column of categories looks like, if all of its cells do. */
export const numberFormNote = ({ commas, formatted }: NumberForms, decimal: DecimalMark): ColumnNote | null => {
  if (commas.only && commas.seen && decimal === ".") {
    const message = "the texts look like numbers with decimal commas; if they are, upload the file with ?decimal=,";
    return { code: "decimal_commas", message };
  }
  const { only, example, negative } = formatted;
  if (!only || example === null) return null;
  if (commas.only && decimal === ".") {
    const message = `the texts look like numbers such as ${quoteCell(example)}, whose commas may part thousands or be decimal marks; if they part thousands, write them without (${asPlain(example, decimal)}), and upload again; if they are decimal marks, upload the file with ?decimal=,`;
    return { code: "formatted_numbers", message };
  }
  const examples = [...new Set([example, negative ?? example])];
  const plain = examples.map((text) => asPlain(text, decimal)).join(", ");
  const message = `the texts look like numbers with thousands marks or signs, such as ${examples.map(quoteCell).join(", ")}; if they are, write them without (${plain}), and upload again`;
  return { code: "formatted_numbers", message };
};

/** A slip in one cell turns a column of numbers or of dates into one of categories: that is said. */
export const mostly = (
  kind: "numbers" | "dates",
  found: number,
  firstOther: { line: number; text: string } | null,
  present: number,
): ColumnNote[] => {
  if (firstOther === null || found === 0 || 2 * found < present) return [];
  const rest = `so they are read as categories; if they are ${kind}, state a word that stands for a missing one in ?missingWords=, or correct such cells, and upload again`;
  const message = `${found} of ${present} cells are ${kind}, but not ${quoteCell(firstOther.text)} in line ${firstOther.line}, ${rest}`;
  return [{ code: `mostly_${kind}`, message }];
};
