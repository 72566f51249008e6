import type { SplitSpec } from "../parts/training-spec.ts";
import type { SplitSizes } from "../split-sizes.ts";
import { splitStrata } from "../split-sizes.ts";
import { classCounts, findColumn } from "../task-columns.ts";
import type { CountedDataset, ValueCount } from "./counted-rows.ts";

type Split = keyof SplitSizes;

/** What such columns usually say, in any case; `t10k` is the test set of the MNIST family. */
const usualWords: Record<Split, readonly string[]> = {
  train: ["train", "training"],
  validation: ["validation", "valid", "val", "dev"],
  test: ["test", "testing", "t10k"],
};

const splits = ["train", "validation", "test"] as const;

/** The split that a value of the column stands for, by the words stated or the usual ones; undefined: none. */
export const splitOfValue = ({ values }: Pick<SplitSpec, "values">, value: string): Split | undefined => {
  if (values === undefined) return splits.find((split) => usualWords[split].includes(value.trim().toLowerCase()));
  return splits.find((split) => values[split]?.includes(value) ?? false);
};

/** Rows of each value of the column; null where they are not known. */
export const valueCounts = (
  { column }: Pick<SplitSpec, "column">,
  dataset: CountedDataset,
): readonly ValueCount[] | null => {
  if (dataset.counted?.values !== undefined) return dataset.counted.values;
  const found = column === undefined ? undefined : findColumn(dataset, column);
  return found === undefined ? null : classCounts(found);
};

/** Rows that the column gives to each split. */
export const statedSizes = (split: Pick<SplitSpec, "column" | "values">, dataset: CountedDataset): SplitSizes => {
  const sizes = { train: 0, validation: 0, test: 0 };
  for (const { value, count } of valueCounts(split, dataset) ?? []) {
    const own = splitOfValue(split, value);
    if (own !== undefined) sizes[own] += count;
  }
  return sizes;
};

/** The same as a job has it: a share of the training rows is drawn to validate where the column names none for that, and with a share of 0 what it names trains too. */
export const columnSizes = (
  split: Pick<SplitSpec, "column" | "values"> & { validation: number },
  dataset: CountedDataset,
): SplitSizes => {
  const stated = statedSizes(split, dataset);
  if (split.validation === 0) return { ...stated, train: stated.train + stated.validation, validation: 0 };
  if (stated.validation > 0) return stated;
  const rows = stated.train + stated.test;
  const wanted = Math.min(1, (split.validation * rows) / Math.max(1, stated.train));
  const [drawn] = splitStrata([stated.train], { validation: wanted, test: 0 });
  return { ...stated, train: drawn!.train, validation: drawn!.validation };
};
