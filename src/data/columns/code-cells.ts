import type { ColumnNote, ColumnType } from "../../domain/datasets/dataset.ts";
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
