import type { Column, Dataset } from "../../datasets/dataset.ts";
import { isFreeText } from "../../datasets/odd-columns.ts";
import type { TaskSpec } from "./job-spec.ts";
import { rowColumns } from "./rows/row-columns.ts";

/** The label column's name; null for tasks without one. */
export const labelName = (task: TaskSpec): string | null => ("label" in task ? task.label : null);

/** Texts tell a label; without one they are features only where the task names them. */
const isUnfit = (task: TaskSpec, column: Column): boolean =>
  isFreeText(column) || (column.type === "text" && labelName(task) === null);

/** What a task that names no features may learn from: the image of a data set of images, of others every column but the label and those of the rows' weights; without what it excludes. */
const candidates = (task: TaskSpec, { columns }: Pick<Dataset, "columns">): Column[] => {
  const without = new Set([labelName(task), ...rowColumns(task), ...(task.exclude ?? [])]);
  const others = columns.filter(({ name }) => !without.has(name));
  const images = others.filter(({ type }) => type === "image");
  return images.length > 0 ? images : others;
};

/** Columns that a task would learn from and cannot, and has not named itself: they are left out, and that is said. */
export const leftOutColumns = (task: TaskSpec, dataset: Pick<Dataset, "columns">): string[] =>
  task.features === undefined
    ? candidates(task, dataset)
        .filter((column) => isUnfit(task, column))
        .map(({ name }) => name)
    : [];

/** The features: those the task names, without what it excludes, or else every column that can be one. */
export const featureNames = (task: TaskSpec, dataset: Pick<Dataset, "columns">): readonly string[] => {
  const { features, exclude } = task;
  if (features === undefined)
    return candidates(task, dataset)
      .filter((column) => !isUnfit(task, column))
      .map(({ name }) => name);
  const without = new Set(exclude);
  return without.size === 0 ? features : features.filter((name) => !without.has(name));
};

/** For those that look for many: a list of columns may have thousands, and a search in it for each of them takes seconds. */
export const columnsByName = ({ columns }: Pick<Dataset, "columns">): ReadonlyMap<string, Column> =>
  new Map(columns.map((column) => [column.name, column]));

export const findColumn = (dataset: Pick<Dataset, "columns">, name: string): Column | undefined =>
  dataset.columns.find((column) => column.name === name);

/**
 * Values in their natural order, which is that of a model's classes and one-hot inputs: by number if all are numbers, else by code units. It does not depend on
 * counts or on the order in the file.
 */
export const sortValues = (values: readonly string[]): string[] => {
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const numeric = values.every((value) => value.trim() !== "" && Number.isFinite(Number(value)));
  return [...values].sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || byText(a, b));
};

/** The classes of a label column and how many rows each has, in their natural order; null if the manifest does not list them (too many). */
export const classCounts = (column: Column): { value: string; count: number }[] | null => {
  if (column.categories === undefined) return null;
  const counts = new Map(column.categories.map(({ value, count }) => [value, count]));
  return sortValues([...counts.keys()]).map((value) => ({ value, count: counts.get(value)! }));
};

/** Classes of a classification's label; 0 for other tasks. */
export const countClasses = (task: TaskSpec, dataset: Pick<Dataset, "columns">): number => {
  const column = task.type === "classification" ? findColumn(dataset, task.label) : undefined;
  return column === undefined ? 0 : (classCounts(column)?.length ?? 0);
};
