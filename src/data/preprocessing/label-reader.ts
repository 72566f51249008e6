import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { assert } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { classCounts, findColumn, labelName } from "../../domain/jobs/spec/task-columns.ts";
import { type CsvRecord, cellText } from "../../formats/csv/csv-record.ts";
import { cellNumber } from "../columns/number-cell.ts";

/** Reads the label of a record: the index of its class in natural order, a number, or nothing. */
export type LabelReader =
  | { type: "classes"; column: string; classes: readonly string[]; read(record: CsvRecord): number | undefined }
  | { type: "number"; column: string; read(record: CsvRecord): number | undefined }
  | { type: "none" };

const createClassReader = (column: Column, index: number): LabelReader => {
  const classes = classCounts(column)?.map(({ value }) => value);
  assert(classes !== undefined, `the classes of ${column.name} are known`);
  // A number column's classes are numbers however they are written: 1, 1.0 and 01 are one class.
  const byNumber = new Map(classes.map((value, i) => [Number(value), i]));
  const byText = new Map(classes.map((value, i) => [value, i]));
  return {
    type: "classes",
    column: column.name,
    classes,
    read:
      column.type === "number"
        ? (record) => byNumber.get(cellNumber(record, index))
        : (record) => byText.get(cellText(record, index)),
  };
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
