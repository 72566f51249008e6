import type { Dataset } from "../../domain/datasets/dataset.ts";
import type { TaskSpec } from "../../domain/jobs/spec/job-spec.ts";
import { offsetOf } from "../../domain/jobs/spec/rows/row-columns.ts";
import { log64 } from "../../engine/kernels/math64.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import { cellNumber } from "./number-cell.ts";

/** Reads the logarithm of what a row's count is of; null: there is none. The manifest has said that each row has one. */
export const createOffsetReader = (
  task: TaskSpec,
  { columns }: Pick<Dataset, "columns">,
): ((record: CsvRecord) => number) | null => {
  const offset = offsetOf(task);
  if (offset === null) return null;
  const index = columns.findIndex(({ name }) => name === offset.column);
  if (offset.key === "offset") return (record) => cellNumber(record, index);
  return (record) => log64(cellNumber(record, index));
};
