import type { Column, ColumnNote, ColumnType, DateOrder, DecimalMark } from "../../domain/datasets/dataset.ts";
import { constantOf, isEmptyColumn } from "../../domain/datasets/odd-columns.ts";
import { areTruthValues } from "../../domain/datasets/truth-values.ts";
import { limits } from "../../domain/limits.ts";
import { csvError, quoteCell } from "../../formats/csv/csv-error.ts";
import { type CsvRecord, cellLine, cellText } from "../../formats/csv/csv-record.ts";
import {
  addNumberCell,
  addNumberForm,
  type CodeCells,
  codeNotes,
  createCodeCells,
  createNumberForms,
  mostly,
  type NumberForms,
  numberFormNote,
} from "./code-cells.ts";
import {
  addDate,
  addOrder,
  ambiguousDates,
  createDateTally,
  type DateTally,
  dateRangeOf,
  datesFound,
  mayHaveDates,
  mostlyDates,
  noDate,
} from "./date-tally.ts";
import { cellNumber, isEmptyCell, isMissingWord, notANumber, numberText, textNumber } from "./number-cell.ts";
import { addValue, createRunningMoments, sampleDeviation } from "./running-moments.ts";
import {
  addText,
  addTruth,
  createTextTally,
  looksLikeText,
  meanWords,
  type TextTally,
  type TruthTally,
} from "./text-tally.ts";
import { createValueTally, farValues, sortCounts, sumCounts, type ValueTally } from "./value-tally.ts";

/** What one pass gathers about a column. Its type may be open until the last row, so both readings are kept until one is ruled out. */
interface ColumnProfile {
  name: string;
  index: number;
  stated: ColumnType | undefined;
  /** The file has it as texts: what looks like a number is none, unless the user says so. */
  isText: boolean;
  /** Every present cell so far was a finite number. */
  isNumber: boolean;
  empty: number;
  /** NA, NaN, null: missing if the column turns out a number column, values if a category column. */
  missingWords: Map<string, number>;
  moments: ReturnType<typeof createRunningMoments>;
  minimum: number;
  minimumLine: number;
  maximum: number;
  values: ValueTally;
  codes: CodeCells;
  forms: NumberForms;
  /** Where the column stopped being one of numbers, and how many of the cells after it are numbers all the same. */
  firstText: { line: number; text: string } | null;
  numbersAfter: number;
  dates: DateTally;
  texts: TextTally;
  /** Of a column that is stated to have truth values: how each is written. */
  truths: TruthTally;
}

/** In wide files fewer values are kept per column, so that memory and manifest stay bounded. */
const valuesPerFile = 250_000;
const numberCountsPerFile = 50_000;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Of a number column with at most so many different values the counts are kept: it may be a label such as 0/1. */
const mostNumberValues = (columns: number): number => clamp(Math.floor(numberCountsPerFile / columns), 10, 100);

export const createColumnProfile = (
  name: string,
  index: number,
  columns: number,
  stated: ColumnType | undefined,
  charge: (bytes: number) => void,
): ColumnProfile => {
  const inferred = clamp(Math.floor(valuesPerFile / columns), 100, limits.categoriesPerColumn);
  return {
    name,
    index,
    stated,
    isText: false,
    isNumber: stated === undefined || stated === "number",
    empty: 0,
    missingWords: new Map(),
    moments: createRunningMoments(),
    minimum: Number.POSITIVE_INFINITY,
    minimumLine: 0,
    maximum: Number.NEGATIVE_INFINITY,
    values: createValueTally(
      stated !== undefined && stated !== "number" ? limits.categoriesPerColumn : inferred,
      charge,
    ),
    codes: createCodeCells(),
    forms: createNumberForms(stated === undefined),
    firstText: null,
    numbersAfter: 0,
    dates: createDateTally(stated === undefined || stated === "datetime"),
    texts: createTextTally(),
    truths: new Map(),
  };
};

const textInNumberColumn = (profile: ColumnProfile, record: CsvRecord) =>
  csvError(
    { line: cellLine(record, profile.index), column: profile.index + 1, name: profile.name },
    `${quoteCell(cellText(record, profile.index))} is not a finite number, and the column is stated to be a number column`,
    'correct the cell, leave it empty if its value is missing, or state the type "category"',
  );

const addTextCell = ({ texts, dates, values, forms, index }: ColumnProfile, record: CsvRecord): void => {
  addText(texts, record, index);
  if (dates.ambiguous) addOrder(dates, record, index);
  values.add(record, index);
  addNumberForm(forms, record, index);
};

/** Adds the column's cell of one record. */
export const addCell = (profile: ColumnProfile, record: CsvRecord): void => {
  const { index, stated, dates } = profile;
  if (mayHaveDates(dates) && !addDate(dates, record, index, stated === "datetime") && stated === "datetime")
    throw noDate(profile, record);
  if (!profile.isNumber) {
    if (isEmptyCell(record, index)) profile.empty += 1;
    else {
      if (stated === "boolean") addTruth(profile.truths, record, profile);
      addTextCell(profile, record);
      if (profile.firstText !== null && Number.isFinite(cellNumber(record, index))) profile.numbersAfter += 1;
    }
    return;
  }
  const value = cellNumber(record, index);
  if (value === notANumber) {
    if (profile.stated === "number") throw textInNumberColumn(profile, record);
    profile.isNumber = false;
    // The line of the record: that of the cell would be counted anew for every column of a wide table.
    profile.firstText = { line: record.line, text: cellText(record, index) };
    addTextCell(profile, record);
  } else if (Number.isNaN(value)) {
    if (isEmptyCell(record, index)) profile.empty += 1;
    else {
      const word = cellText(record, index);
      profile.missingWords.set(word, (profile.missingWords.get(word) ?? 0) + 1);
    }
  } else {
    addValue(profile.moments, value);
    if (profile.stated === undefined || profile.stated === "number") addNumberCell(profile.codes, record, index, value);
    if (value < profile.minimum) {
      profile.minimum = value;
      profile.minimumLine = record.line;
    }
    if (value > profile.maximum) profile.maximum = value;
    profile.values.add(record, index);
  }
};

const finishNumber = (profile: ColumnProfile, { columns, decimal }: ProfiledFile): Column => {
  const { name, moments, empty, missingWords } = profile;
  const counts = profile.values.entries();
  const distinct =
    counts === null ? null : sumCounts([...counts].map(([text, n]) => [numberText(textNumber(text, decimal)), n]));
  let missing = empty;
  for (const count of missingWords.values()) missing += count;
  const column: Column = {
    name,
    type: "number",
    missing,
    distinct: distinct === null ? null : distinct.size,
    ...(moments.count > 0 && { minimum: profile.minimum, maximum: profile.maximum }),
    ...(profile.minimum < 0 && { minimumLine: profile.minimumLine }),
    // Numbers near 1e308 overflow in the sums; a manifest is JSON, which has no infinity.
    ...(moments.count > 0 &&
      Number.isFinite(moments.squares) && { mean: moments.mean, standardDeviation: sampleDeviation(moments) }),
    ...(distinct !== null && distinct.size <= mostNumberValues(columns) && { categories: sortCounts(distinct) }),
  };
  return { ...column, notes: farValues(column, distinct) };
};

/** What the whole file says, after its last row. */
interface ProfiledFile {
  rows: number;
  columns: number;
  decimal: DecimalMark;
  /** The stated order of day and month. */
  dates?: DateOrder | undefined;
}

/** Categories, dates or texts: all are counted as they are written. */
const finishTexts = (profile: ColumnProfile, rows: number): Column => {
  const column = finishCategory(profile);
  const { stated, dates, texts } = profile;
  if (stated === "datetime" || (stated === undefined && dates.only && dates.count > 0)) {
    const range = dates.count > 0 ? { dates: dateRangeOf(dates) } : {};
    return { ...withoutMissingWords(column, profile), type: "datetime", missing: rows - dates.count, ...range };
  }
  if (stated === "boolean" || (stated === undefined && areTruthValues(column))) return { ...column, type: "boolean" };
  if (stated === "text" || (stated === undefined && looksLikeText(texts, column, rows)))
    return { ...column, type: "text" };
  return column;
};

/** NA and the like are no dates: they are counted as missing. */
const withoutMissingWords = (column: Column, { dates }: ColumnProfile): Column => {
  const { categories, ...rest } = column;
  if (categories === undefined || dates.missingWords === 0) return column;
  const present = categories.filter(({ value }) => !isMissingWord(value));
  return { ...rest, distinct: present.length, categories: present };
};

const finishCategory = (profile: ColumnProfile): Column => {
  const counts = profile.values.entries();
  const { name, empty: missing } = profile;
  if (counts === null) return { name, type: "category", missing, distinct: null };
  const categories = sortCounts(sumCounts([...counts, ...profile.missingWords]));
  if (categories.length > limits.categoriesPerColumn) return { name, type: "category", missing, distinct: null };
  return { name, type: "category", missing, distinct: categories.length, categories };
};

/** Why a column is read as it is, where that is more than a look at its cells tells. */
const inferenceNotes = (
  column: Column,
  { stated, dates, texts, moments }: ColumnProfile,
  file: ProfiledFile,
): ColumnNote[] => {
  if (stated !== undefined) return [];
  if (column.type === "datetime" && column.dates !== undefined) return [datesFound(column.dates)];
  if (column.type === "text") {
    const message = `texts of ${meanWords(texts).toFixed(1)} words in the mean, hardly any two alike; features are their words; state the type "category" if they are names, or exclude the column`;
    return [{ code: "texts_found", message }];
  }
  if (column.type === "category") {
    const ambiguous = texts.cells > 0 && moments.count === 0 ? ambiguousDates(dates, file.dates) : [];
    if (ambiguous.length > 0) return ambiguous;
    const words = (column.categories ?? []).filter(({ value }) => isMissingWord(value));
    if (words.length > 0) {
      const named = words.map(({ value, count }) => `${count} ${quoteCell(value)}`).join(", ");
      const message = `${named} are names like others, since the column is one of categories; upload the file with ?missingWords= if such cells are missing`;
      return [{ code: "missing_words", message }];
    }
  }
  return [];
};

const notesOf = (column: Column, profile: ColumnProfile, file: ProfiledFile): ColumnNote[] => {
  const { rows, decimal } = file;
  if (isEmptyColumn(column, rows)) return [{ code: "empty", message: "no row has a value; leave the column out" }];
  const notes = profile.moments.count > 0 && profile.isNumber ? codeNotes(profile.codes, profile.stated) : [];
  if (
    profile.isText &&
    profile.isNumber &&
    column.type === "category" &&
    profile.stated === undefined &&
    notes.length === 0
  ) {
    const message =
      'the file has them as texts, so they are read as categories; state the type "number" if they are numbers';
    notes.push({ code: "number_texts", message });
  }
  const value = rows > 1 ? constantOf(column) : null;
  if (value !== null) {
    notes.push({ code: "constant", message: `every row has ${quoteCell(value)}: nothing can be learnt from it` });
  }
  const form = column.type === "category" ? numberFormNote(profile.forms, decimal) : null;
  if (form !== null) notes.push(form);
  else if (column.type === "category") {
    const present = rows - column.missing;
    notes.push(
      ...mostly("numbers", profile.moments.count + profile.numbersAfter, profile.firstText, present),
      ...mostlyDates(profile.dates, present),
    );
  }
  return [...notes, ...inferenceNotes(column, profile, file)];
};

/**
 * A column is a number column if it has a cell and each one present is a finite number that a number column gives back, or if the user says so.
 */
export const finishColumn = (profile: ColumnProfile, file: ProfiledFile): Column => {
  const { isNumber, stated, isText, moments, codes } = profile;
  const inferred = moments.count > 0 && !isText && codeNotes(codes, undefined).length === 0;
  const numbers = isNumber && (stated === "number" || inferred);
  const column = numbers ? finishNumber(profile, file) : finishTexts(profile, file.rows);
  const { notes: found = [], ...rest } = column;
  const notes = [...notesOf(column, profile, file), ...found];
  return notes.length === 0 ? rest : { ...rest, notes };
};
