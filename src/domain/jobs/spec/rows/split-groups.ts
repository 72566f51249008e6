import { assert } from "../../../errors.ts";
import type { SplitSizes } from "../split-sizes.ts";
import { classCounts, findColumn } from "../task-columns.ts";
import type { CountedDataset, ValueCount } from "./counted-rows.ts";

/** Rows of each value of the column that rows belong together by; null where they are not known. */
export const groupCounts = (by: string | undefined, dataset: CountedDataset): readonly ValueCount[] | null => {
  if (by === undefined) return null;
  if (dataset.counted?.groups !== undefined) return dataset.counted.groups;
  const column = findColumn(dataset, by);
  return column === undefined ? null : classCounts(column);
};

/** Which split each group is in: 0 train, 1 validation, 2 test. */
export interface GroupSplits {
  readonly codes: Uint8Array;
  readonly sizes: SplitSizes;
}

/**
 * Gives whole groups to the splits: in their random order each goes to the test split if that brings its rows nearer to its share, else to the validation split
 * likewise, else to training. A split that is wanted and got none gets the smallest group that training can spare.
 * @param counts rows of each group; 0 for one that takes no part
 */
export const splitGroups = (
  counts: readonly number[],
  order: readonly number[],
  shares: { validation: number; test: number },
): GroupSplits => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const codes = new Uint8Array(counts.length);
  const rows = [0, 0, 0];
  const wanted = [0, shares.validation * total, shares.test * total];
  const give = (group: number, to: number): void => {
    rows[codes[group]!]! -= counts[group]!;
    codes[group] = to;
    rows[to]! += counts[group]!;
  };
  rows[0] = total;
  const partaking = order.filter((group) => counts[group]! > 0);
  for (const to of [2, 1]) {
    for (const group of partaking) {
      if (codes[group] !== 0 || rows[0] === counts[group]) continue;
      const [now, then] = [rows[to]!, rows[to]! + counts[group]!];
      if (Math.abs(then - wanted[to]!) < Math.abs(now - wanted[to]!)) give(group, to);
    }
    if (wanted[to]! === 0 || rows[to]! > 0) continue;
    const spare = partaking.filter((group) => codes[group] === 0 && rows[0] !== counts[group]);
    const [smallest] = spare.sort((a, b) => counts[a]! - counts[b]! || order.indexOf(a) - order.indexOf(b));
    if (smallest !== undefined) give(smallest, to);
  }
  return { codes, sizes: { train: rows[0]!, validation: rows[1]!, test: rows[2]! } };
};

/** The same of a job whose split is by groups. */
export const groupSplits = (
  split: { by?: string | undefined; validation: number; test: number },
  dataset: CountedDataset,
): GroupSplits => {
  const groups = groupCounts(split.by, dataset);
  const order = dataset.counted?.order;
  assert(groups !== null && order !== undefined, "the groups of a split were counted");
  return splitGroups(
    groups.map(({ count }) => count),
    order,
    split,
  );
};
