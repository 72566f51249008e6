import type { Dataset } from "../../domain/datasets/dataset.ts";
import type { TaskSpec } from "../../domain/jobs/spec/job-spec.ts";
import { weightName } from "../../domain/jobs/spec/rows/row-columns.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import { cellNumber } from "./number-cell.ts";

/** Reads how much a row counts; null: each counts once. The manifest has said that each row has a number from 0 on. */
export const createWeightReader = (
  task: TaskSpec,
  { columns }: Pick<Dataset, "columns">,
): ((record: CsvRecord) => number) | null => {
  const name = weightName(task);
  if (name === null) return null;
  const index = columns.findIndex((column) => column.name === name);
  return (record) => cellNumber(record, index);
};
