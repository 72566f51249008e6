import type { Dataset } from "../../../datasets/dataset.ts";
import type { TaskSpec } from "../job-spec.ts";
import { findColumn, labelName } from "../task-columns.ts";

/** Rows of one value of a column, in the values' natural order. */
export interface ValueCount {
  readonly value: string;
  readonly count: number;
}

/** When a row was: numbers and whole numbers of any size, which compare with each other exactly. */
export type TimeKey = number | bigint;

/** Rows by time: those of a stretch have at least its `from`, and less than the next one's. Ascending. */
export interface TimeStretch {
  readonly from: TimeKey;
  readonly rows: number;
}

/** What a job's split must know of the rows that take part, and the manifest does not tell. */
export interface CountedRows {
  /** What was counted for, so that it is not counted again. */
  readonly key: string;
  /** Of the column that rows belong together by. */
  readonly groups?: readonly ValueCount[];
  /** Positions in `groups`, in the random order in which they are given to the splits. */
  readonly order?: readonly number[];
  /** Of the column that says which split a row belongs to. */
  readonly values?: readonly ValueCount[];
  readonly times?: readonly TimeStretch[];
}

/** A data set with what was counted for one job; a plain one has no counts. */
export type CountedDataset = Dataset & { readonly counted?: CountedRows };

/** Rows without a label: they take no part in a job that learns it. */
export const unlabelledRows = (task: TaskSpec, dataset: Dataset): number => {
  const label = labelName(task);
  return label === null ? 0 : (findColumn(dataset, label)?.missing ?? 0);
};

/** Rows that take part in a job. */
export const labelledRows = (task: TaskSpec, dataset: Dataset): number => dataset.rows - unlabelledRows(task, dataset);
