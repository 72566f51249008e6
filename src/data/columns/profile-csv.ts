import type { Column, ColumnNote, ColumnType, DatasetNote } from "../../domain/datasets/dataset.ts";
import { constantOf, isEmptyColumn, oddValueNotes } from "../../domain/datasets/odd-columns.ts";
import { createSpecErrors } from "../../domain/jobs/spec/spec-errors.ts";
import { limits } from "../../domain/limits.ts";
import { createNearNames } from "../../domain/near-names.ts";
import { toPointerSegment } from "../../domain/pointer.ts";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import type { CsvDialect, StatedDialect } from "../../formats/csv/csv-dialect.ts";
import { isNumberName } from "../../formats/csv/csv-header.ts";
import { type CsvHandlers, scanCsv } from "../../formats/csv/csv-scanner.ts";
import { findDialect } from "../../formats/csv/find-dialect.ts";
import { createRepeats, type Repeats } from "../../formats/csv/repeats.ts";
import { addCell, createColumnProfile, finishColumn } from "./column-profile.ts";
import { parseInstant } from "./instant.ts";
import { fitValues, keepRoom } from "./value-room.ts";

export interface CsvProfile extends CsvDialect {
  rows: number;
  columns: Column[];
  /** What was found out and not stated; left out where the file is a plain one. */
  notes?: DatasetNote[];
}

/** Of what differs from the usual and was not stated. */
const dialectNotes = (
  { delimiter, decimal }: CsvDialect,
  stated: StatedDialect,
  headerIsRow: boolean,
): DatasetNote[] => {
  const notes: DatasetNote[] = [];
  if (stated.delimiter === undefined && delimiter !== ",") {
    const name = delimiter === "\t" ? "a tab" : `"${delimiter}"`;
    const message = `the first rows are a table only if ${name} separates the cells, so the file was read so; state ?delimiter= if that is wrong`;
    notes.push({ code: "delimiter_found", message });
  }
  if (stated.decimal === undefined && decimal !== ".") {
    const message =
      "numbers are written with decimal commas in the first rows, so the file was read so; state ?decimal=. if that is wrong";
    notes.push({ code: "decimal_found", message });
  }
  if (headerIsRow) {
    const message =
      "the first line was read as names of columns and reads as a row like those below it; if it is one, upload the file with ?header=absent";
    notes.push({ code: "header_numbers", message });
  }
  return notes;
};

/** Fewer rows have the same in two columns, or more than once, by chance. */
const fewestRows = 20;

/** Rows that are like earlier ones, where most are like no other: where all are made of a few values that says nothing. */
const repeatedRows = ({ compared, distinct }: ReturnType<Repeats["rows"]>): DatasetNote[] => {
  const copies = compared - distinct;
  if (compared < fewestRows || 100 * copies <= compared || 2 * distinct <= compared) return [];
  const message = `${copies} of ${compared} rows are the same as an earlier one in every column; if they are copies and no observations of their own, a model is measured on rows that it has learnt from: upload the table without them, or with a column of what belongs together, and name it in training.split.by`;
  return [{ code: "repeated_rows", message }];
};

/** Values that come more rarely may go together by chance. */
const rowsOfValue = 5;

/** So many rows for each value in the mean, and for two of them at least. */
const comesOften = ({ distinct, categories }: Column, rows: number): boolean =>
  (distinct ?? rows) * rowsOfValue <= rows && (categories?.[1]?.count ?? 0) >= rowsOfValue;

/** Columns that say what another has said, as it stands in the file or in other words. */
const noteSameColumns = (columns: readonly Column[], rows: number, repeats: Repeats): Column[] => {
  if (rows < fewestRows) return [...columns];
  const [same, paired] = [repeats.columns(), repeats.pairs()];
  return columns.map((column, i) => {
    const place = same[i] ?? null;
    const pair = comesOften(column, rows) ? (paired[i] ?? null) : null;
    const before = columns[place ?? pair ?? -1];
    const isAlone = before === undefined || constantOf(column) !== null || isEmptyColumn(column, rows);
    if (isAlone) return column;
    const name = JSON.stringify(before.name);
    const message =
      place === null
        ? `each of its values goes with one of ${name}, and the other way round: the two say the same; leave one of them out of the features`
        : `every row has the same as in ${name}: the two say the same; leave one of them out of the features`;
    const note: ColumnNote = { code: place === null ? "one_to_one" : "same_column", message };
    return { ...column, notes: [...(column.notes ?? []), note], saysAs: before.name };
  });
};

const noteOddValues = (column: Column, rows: number): Column => {
  const odd = oddValueNotes(column, rows);
  return odd.length === 0 ? column : { ...column, notes: [...(column.notes ?? []), ...odd] };
};

/** Whether a column's name could be one of its cells: 0, nothing tells; 1, it is a word that the column has as well; 2, a number or a date above others. */
const likenessOfName = ({ name, type, categories }: Column, { dates }: CsvDialect): 0 | 1 | 2 => {
  if (type === "number") return isNumberName(name) ? 2 : 0;
  if (type === "datetime") return parseInstant(name, dates) === null ? 0 : 2;
  return categories?.some(({ value }) => value === name) === true ? 1 : 0;
};

/** Whether the first line reads as a row: every name as a cell of its column, and not words alone, which a header that comes again would be. */
const looksLikeRow = (columns: readonly Column[], dialect: CsvDialect): boolean => {
  const likenesses = columns.map((column) => likenessOfName(column, dialect));
  return likenesses.every((likeness) => likeness > 0) && likenesses.includes(2);
};

const checkStatedTypes = (types: Readonly<Record<string, ColumnType>>, names: readonly string[]): void => {
  const known = new Set(names);
  const near = createNearNames(names);
  const errors = createSpecErrors();
  for (const name of Object.keys(types)) {
    if (known.has(name)) continue;
    const pointer = `/query/types/${toPointerSegment(name)}`;
    errors.add(pointer, () => `the file has no column ${JSON.stringify(name)}${near(name)}`);
  }
  errors.throwIfAny("invalid");
};

/**
 * Reads a CSV file once and describes its columns: types, missing cells, statistics, values with their counts.
 * @param options.types what the user states; all else is inferred
 * @param options.texts columns that the file has as texts, however they look
 * @param options.dialect what the user states; the rest is found out by the first rows
 * Errors: `invalid_csv` with line and column; `invalid` for a stated column that the file does not have.
 */
export const profileCsv = async (
  stream: AsyncIterable<Uint8Array>,
  options: { types?: Readonly<Record<string, ColumnType>>; dialect?: StatedDialect; texts?: ReadonlySet<string> } = {},
): Promise<CsvProfile> => {
  const types = new Map(Object.entries(options.types ?? {}));
  let columns: ReturnType<typeof createColumnProfile>[] = [];
  let rows = 0;
  let repeats = createRepeats(0);
  let countedBytes = 0;
  const charge = (bytes: number): void => {
    countedBytes += bytes;
  };
  const { dialect: stated = {} } = options;
  const handlers: CsvHandlers = {
    header: (names) => {
      checkStatedTypes(options.types ?? {}, names);
      columns = names.map((name, index) => createColumnProfile(name, index, names.length, types.get(name), charge));
      repeats = createRepeats(names.length);
      for (const column of columns) column.isText = options.texts?.has(column.name) ?? false;
    },
    record: (record) => {
      rows += 1;
      repeats.add(record);
      for (const column of columns) addCell(column, record);
      if (countedBytes > limits.countedValueBytes) keepRoom(columns);
      return true;
    },
  };
  const { dialect, declared, stream: whole } = await findDialect(stream, stated);
  await scanCsv(whole, handlers, dialect);
  const file = { rows, columns: columns.length, decimal: dialect.decimal, dates: dialect.dates };
  const finished: Column[] = [];
  const turn = createTurnTaker();
  for (const column of columns) {
    finished.push(finishColumn(column, file));
    await turn();
  }
  const headerIsRow = dialect.header === undefined && looksLikeRow(finished, dialect);
  const notes = [
    ...dialectNotes(dialect, { ...stated, delimiter: stated.delimiter ?? declared }, headerIsRow),
    ...repeatedRows(repeats.rows()),
  ];
  const fitting = fitValues(finished).map((column) => noteOddValues(column, rows));
  const noted = noteSameColumns(fitting, rows, repeats);
  return { rows, columns: noted, ...dialect, ...(notes.length === 0 ? {} : { notes }) };
};
