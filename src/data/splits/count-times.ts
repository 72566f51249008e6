import type { Dataset } from "../../domain/datasets/dataset.ts";
import type { TimeKey, TimeStretch } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { findColumn } from "../../domain/jobs/spec/task-columns.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import { createTimeReader } from "../columns/time-cell.ts";

/** Times at which a stretch may begin: cuts are as near to the shares as these allow. */
const mostStretches = 4096;
/** Of a larger file as many rows are looked at, at equal distances, to find them. */
const mostSampled = 1 << 17;

/** Ascending, each once, and of many as many as are wanted, at equal distances in the sample. */
const startsOf = (sample: readonly TimeKey[]): TimeKey[] => {
  const sorted = sample.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const distinct = [...new Set(sorted)];
  if (distinct.length <= mostStretches) return distinct;
  const picked = Array.from(
    { length: mostStretches },
    (_, i) => sorted[Math.floor((i * sorted.length) / mostStretches)]!,
  );
  return [...new Set(picked)];
};

/** The stretch that a time lies in: the last that does not begin after it. What is older than all belongs to the first. */
export const createStretchFinder = (stretches: readonly { readonly from: TimeKey }[]) => {
  const starts = stretches.map(({ from }) => from);
  return (time: TimeKey): number => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  };
};

/**
 * Rows by time. Two passes: one finds when stretches may begin, the other counts their rows.
 * Errors: `unprocessable` with the line of a cell that is no time.
 */
export const countTimes = async (
  dataset: Dataset,
  name: string,
  visit: (each: (record: CsvRecord) => void) => Promise<void>,
): Promise<TimeStretch[]> => {
  const timeOf = createTimeReader(dataset, findColumn(dataset, name)!, "/training/split/time");
  const distance = Math.max(1, Math.ceil(dataset.rows / mostSampled));
  const sample: TimeKey[] = [];
  let rows = 0;
  await visit((record) => {
    const time = timeOf(record);
    if (rows % distance === 0) sample.push(time);
    rows += 1;
  });
  const starts = startsOf(sample);
  const counts = new Float64Array(starts.length);
  const stretchOf = createStretchFinder(starts.map((from) => ({ from })));
  await visit((record) => {
    counts[stretchOf(timeOf(record))]! += 1;
  });
  return starts.map((from, i) => ({ from, rows: counts[i]! }));
};
