import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { CountedDataset } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { rowsSeed } from "../../domain/jobs/spec/rows/rows-seed.ts";
import { splitSizes } from "../../domain/jobs/spec/rows/sizes-of-splits.ts";
import { splitOfValue, statedSizes, valueCounts } from "../../domain/jobs/spec/rows/split-column.ts";
import { groupCounts, groupSplits } from "../../domain/jobs/spec/rows/split-groups.ts";
import { splitTimes } from "../../domain/jobs/spec/rows/split-times.ts";
import { findColumn } from "../../domain/jobs/spec/task-columns.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import { createTimeReader } from "../columns/time-cell.ts";
import { createValueReader } from "../preprocessing/label-reader.ts";
import { createStretchFinder } from "./count-times.ts";
import { createSplitAssigner, type Split, splitOfCode } from "./split.ts";

/** Where a row belongs; `aside`: in no split. Undefined: the file is not the one that was profiled. */
export type PlaceRow = (record: CsvRecord, stratum: number) => Split | "aside" | undefined;
type SplitRow = (record: CsvRecord, stratum: number) => Split | undefined;

const byGroups = ({ training: { split } }: ResolvedJobSpec, dataset: CountedDataset): SplitRow => {
  const { codes } = groupSplits(split, dataset);
  const groupOf = createGroupReader(dataset, split.by!);
  return (record) => {
    const group = groupOf(record);
    return group === undefined ? undefined : splitOfCode[codes[group]!];
  };
};

const byTime = ({ training: { split } }: ResolvedJobSpec, dataset: CountedDataset): SplitRow => {
  const { validationFrom, testFrom } = splitTimes(dataset.counted?.times ?? [], split);
  const timeOf = createTimeReader(dataset, findColumn(dataset, split.time!)!, "/training/split/time");
  return (record) => {
    const time = timeOf(record);
    return time >= testFrom ? "test" : time >= validationFrom ? "validation" : "train";
  };
};

const byColumn = ({ task, training }: ResolvedJobSpec, dataset: CountedDataset): SplitRow => {
  const { split } = training;
  const values = (valueCounts(split, dataset) ?? []).map(({ value }) => value);
  const indexOf = createValueReader(dataset, split.column!, values);
  const splits = values.map((value) => splitOfValue(split, value));
  const names = statedSizes(split, dataset).validation > 0;
  const [{ train, validation } = { train: 0, validation: 0 }] = splitSizes(task, split, dataset);
  const draw = names
    ? () => "train" as const
    : createSplitAssigner([{ train, validation, test: 0 }], rowsSeed(training));
  return (record) => {
    const value = indexOf(record);
    const own = value === undefined ? undefined : splits[value];
    if (own === "validation" && split.validation === 0) return "train";
    return own === "train" ? draw(0) : own;
  };
};

/** Reads which of its groups a row belongs to, in the groups' natural order. */
export const createGroupReader = (dataset: CountedDataset, by: string): ((record: CsvRecord) => number | undefined) =>
  createValueReader(
    dataset,
    by,
    groupCounts(by, dataset)?.map(({ value }) => value),
  );

/** Tells rows, as they come in file order, which split of the whole job they are in. */
export const createRowSplitter = (spec: ResolvedJobSpec, dataset: CountedDataset): SplitRow => {
  const { split } = spec.training;
  if (split.by !== undefined) return byGroups(spec, dataset);
  if (split.time !== undefined) return byTime(spec, dataset);
  if (split.column !== undefined) return byColumn(spec, dataset);
  const assign = createSplitAssigner(splitSizes(spec.task, split, dataset), rowsSeed(spec.training));
  return (_, stratum) => assign(stratum);
};

/** What trials of a penalty hold out as one: a number for each group, or for each time, growing; null: rows are held out one by one. */
export const createUnitReader = (
  { training: { split } }: ResolvedJobSpec,
  dataset: CountedDataset,
): ((record: CsvRecord) => number) | null => {
  if (split.by !== undefined) {
    const groupOf = createGroupReader(dataset, split.by);
    return (record) => groupOf(record) ?? 0;
  }
  if (split.time === undefined) return null;
  const timeOf = createTimeReader(dataset, findColumn(dataset, split.time)!, "/training/split/time");
  const stretchOf = createStretchFinder(dataset.counted?.times ?? []);
  return (record) => stretchOf(timeOf(record));
};
