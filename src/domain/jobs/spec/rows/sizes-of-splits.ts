import { assert } from "../../../errors.ts";
import type { TaskSpec } from "../job-spec.ts";
import type { SplitSpec } from "../parts/training-spec.ts";
import { type SplitSizes, splitStrata } from "../split-sizes.ts";
import { classCounts, findColumn } from "../task-columns.ts";
import { type CountedDataset, labelledRows } from "./counted-rows.ts";
import { columnSizes } from "./split-column.ts";
import { groupSplits } from "./split-groups.ts";
import { splitTimes } from "./split-times.ts";

type Shares = Omit<SplitSpec, "validation" | "test"> & { validation: number; test: number };

/** Whether the split is drawn from each class by itself: not where groups, times or a column decide. */
export const isStratified = (
  task: TaskSpec,
  { stratify, by, time, column }: Pick<SplitSpec, "stratify" | "by" | "time" | "column">,
): boolean => task.type === "classification" && stratify && (by ?? time ?? column) === undefined;

/** What the split draws from separately: the rows of each class, or all rows that have a label. */
const strataOf = (task: TaskSpec, split: Shares, dataset: CountedDataset): readonly number[] => {
  const column =
    task.type === "classification" && isStratified(task, split) ? findColumn(dataset, task.label) : undefined;
  const classes = column === undefined ? null : classCounts(column);
  return classes === null ? [labelledRows(task, dataset)] : classes.map(({ count }) => count);
};

/** Rows of each split in each stratum: one per class (in natural order) when stratified, else one in all. */
export const splitSizes = (task: TaskSpec, split: Shares, dataset: CountedDataset): SplitSizes[] => {
  if (split.by !== undefined) return [groupSplits(split, dataset).sizes];
  if (split.column !== undefined) return [columnSizes(split, dataset)];
  if (split.time !== undefined) {
    const times = dataset.counted?.times;
    assert(times !== undefined, "the times of a split were counted");
    return [splitTimes(times, split).sizes];
  }
  return splitStrata(strataOf(task, split, dataset), split);
};
