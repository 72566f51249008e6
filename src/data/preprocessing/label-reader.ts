import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { assert } from "../../domain/errors.ts";
import type { ResolvedJobSpec, TaskSpec } from "../../domain/jobs/spec/job-spec.ts";
import { classCounts, findColumn, labelName } from "../../domain/jobs/spec/task-columns.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber, isEmptyCell } from "../columns/number-cell.ts";

/** Reads the label of a record: the index of its class in natural order, a number, or nothing. */
export type LabelReader =
  | { type: "classes"; column: string; classes: readonly string[]; read(record: CsvRecord): number | undefined }
  | { type: "number"; column: string; read(record: CsvRecord): number | undefined }
  | { type: "none" };

type ReadValue = (record: CsvRecord) => number | undefined;

/** The index of a cell's value among those that the manifest lists, in their natural order. */
const valueReader = (column: Column, index: number, values: readonly string[]): ReadValue => {
  // A number column's classes are numbers however they are written: 1, 1.0 and 01 are one class.
  const byNumber = new Map(values.map((value, i) => [Number(value), i]));
  const byText = new Map(values.map((value, i) => [value, i]));
  return column.type === "number"
    ? (record) => byNumber.get(cellNumber(record, index))
    : (record) => byText.get(cellText(record, index));
};

const valuesOf = (column: Column): string[] => {
  const values = classCounts(column)?.map(({ value }) => value);
  assert(values !== undefined, `the values of ${column.name} are known`);
  return values;
};

/** The same of any column whose values are known: those that the manifest lists, or those that were counted. */
export const createValueReader = ({ columns }: Dataset, name: string, values?: readonly string[]): ReadValue => {
  const index = columns.findIndex((column) => column.name === name);
  const column = columns[index];
  assert(column !== undefined, `the data set has the column ${name}`);
  return valueReader(column, index, values ?? valuesOf(column));
};

/** Tells whether a record has a label; every one has where the task learns none. */
export const createLabelPresence = (task: TaskSpec, { columns }: Dataset): ((record: CsvRecord) => boolean) => {
  const name = labelName(task);
  const index = columns.findIndex((column) => column.name === name);
  if (index < 0) return () => true;
  return columns[index]?.type === "number"
    ? (record) => !Number.isNaN(cellNumber(record, index))
    : (record) => !isEmptyCell(record, index);
};

const createClassReader = (column: Column, index: number): LabelReader => {
  const classes = valuesOf(column);
  return { type: "classes", column: column.name, classes, read: valueReader(column, index, classes) };
};

/** The reader for the task's label column, by the manifest's column order. `read` gives undefined for what the manifest does not foresee. */
export const createLabelReader = (spec: ResolvedJobSpec, dataset: Dataset): LabelReader => {
  const name = labelName(spec.task);
  if (name === null) return { type: "none" };
  const column = findColumn(dataset, name);
  assert(column !== undefined, `the data set has the label ${name}`);
  const index = dataset.columns.indexOf(column);
  if (spec.task.type === "classification") return createClassReader(column, index);
  return {
    type: "number",
    column: name,
    read: (record) => {
      const value = cellNumber(record, index);
      return Number.isFinite(value) ? value : undefined;
    },
  };
};
