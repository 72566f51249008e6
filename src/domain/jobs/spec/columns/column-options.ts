import type { Column, Dataset } from "../../../datasets/dataset.ts";
import { hasLongTail } from "../../../datasets/odd-columns.ts";
import { isCategorical } from "../../../datasets/truth-values.ts";
import type { TaskSpec } from "../job-spec.ts";
import type { NumberScaling } from "../parts/column-preprocessing.ts";
import type { PreprocessingSpec } from "../preprocessing-spec.ts";
import { columnsByName, featureNames } from "../task-columns.ts";

type Spec = PreprocessingSpec | undefined;

const ownOf = (spec: Spec, name: string) =>
  spec?.columns !== undefined && Object.hasOwn(spec.columns, name) ? spec.columns[name] : undefined;

/** How the numbers of a column are scaled. */
export const scalingOf = (spec: Spec, name: string): NumberScaling =>
  ownOf(spec, name)?.scaling ?? spec?.numbers ?? "standardize";

/** What is added to a column's numbers before their logarithm is taken; null: none is. */
export const logShiftOf = (spec: Spec, { name, minimum = 1 }: Column): number | null =>
  ownOf(spec, name)?.logarithm === true ? (minimum > 0 ? 0 : 1) : null;

/** Whether the job says of a column that its logarithm is taken, or that it is not. */
export const saysLogarithm = (spec: Spec, name: string): boolean => ownOf(spec, name)?.logarithm !== undefined;

/** With the logarithms that `auto` asks for, as if they had been stated. */
export const withLogarithms = (spec: Spec, task: TaskSpec, dataset: Dataset): Spec => {
  if (spec?.logarithm !== "auto") return spec;
  const columns = columnsByName(dataset);
  const chosen = featureNames(task, dataset).filter((name) => {
    const column = columns.get(name);
    const isOpen = !saysLogarithm(spec, name) && scalingOf(spec, name) !== "quantile";
    return isOpen && column !== undefined && hasLongTail(column, dataset.rows);
  });
  if (chosen.length === 0) return spec;
  const own = chosen.map((name) => [name, { ...ownOf(spec, name), logarithm: true }] as const);
  return { ...spec, columns: Object.fromEntries([...Object.entries(spec.columns ?? {}), ...own]) };
};

export const referenceOf = (spec: Spec, name: string): string | undefined => ownOf(spec, name)?.referenceLevel;

/** How many numbers a category of a column becomes; null: each has an input. */
export const dimensionsOf = (spec: Spec, column: Column): number | null => {
  const { name, categories = [] } = column;
  if (!isCategorical(column) || categories.length === 0) return null;
  const own = ownOf(spec, name)?.embedding;
  if (own !== undefined) return own === false ? null : own.dimensions;
  const { embeddings } = spec ?? {};
  return embeddings !== undefined && categories.length >= embeddings.fromLevels ? embeddings.dimensions : null;
};
