import type { Column, Dataset } from "../../../datasets/dataset.ts";
import type { JobSpec, ResolvedJobSpec } from "../job-spec.ts";
import { isPerceptron } from "../model-spec.ts";
import { isOfCounts } from "../parts/loss-spec.ts";
import { findColumn } from "../task-columns.ts";
import { offsetOf } from "./row-columns.ts";

/** Fewer rows do not tell a count from a code; and fewer values are codes, or yes and no. */
const [fewestRows, fewestValues] = [30, 4];
/** Of Poisson's, a count's skewness is 1/√mean at least; half of it leaves room for chance. */
const skewShare = 0.5;

/** Mean, variance and third central moment of the values as they are listed. */
const momentsOf = (values: readonly { value: number; count: number }[]) => {
  const rows = values.reduce((sum, { count }) => sum + count, 0);
  const mean = values.reduce((sum, { value, count }) => sum + value * count, 0) / rows;
  let [squares, cubes] = [0, 0];
  for (const { value, count } of values) {
    const deviation = value - mean;
    squares += (count * deviation * deviation) / rows;
    cubes += (count * deviation * deviation * deviation) / rows;
  }
  return { rows, mean, variance: squares, thirdMoment: cubes };
};

/**
 * Whether a column of numbers says how often something happened: whole numbers from 0 on that come again, vary as much as Poisson's and have their long end above.
 * Ratings, hours of the day, ages and codes are none.
 */
export const looksLikeCounts = ({ type, categories, minimum }: Column): boolean => {
  if (type !== "number" || minimum !== 0 || categories === undefined || categories.length < fewestValues) return false;
  const values = categories.map(({ value, count }) => ({ value: Number(value), count }));
  if (values.some(({ value }) => !Number.isSafeInteger(value))) return false;
  const { rows, mean, variance, thirdMoment } = momentsOf(values);
  if (rows < fewestRows || !(mean > 0) || variance < mean) return false;
  // γ = m₃/σ³ ≥ ½/√mean, without roots of negative numbers.
  return thirdMoment * Math.sqrt(mean) >= skewShare * variance * Math.sqrt(variance);
};

/** The label of a regression, where it looks like a count. */
const countLabel = ({ task }: Pick<JobSpec, "task">, dataset: Pick<Dataset, "columns">): Column | null => {
  if (task.type !== "regression") return null;
  const column = findColumn(dataset, task.label);
  return column !== undefined && looksLikeCounts(column) ? column : null;
};

export const hasCountLabel = (spec: Pick<JobSpec, "task">, dataset: Pick<Dataset, "columns">): boolean =>
  countLabel(spec, dataset) !== null;

/** What a label was taken for, where the job did not say; and that squared errors are the wrong measure of a count. */
export const countWarnings = (spec: ResolvedJobSpec, dataset: Pick<Dataset, "columns">, asked: JobSpec): string[] => {
  const column = countLabel(spec, dataset);
  if (column === null || spec.base !== undefined) return [];
  const name = JSON.stringify(column.name);
  if (isOfCounts(spec.loss))
    return asked.loss === undefined && isPerceptron(spec.model) && offsetOf(spec.task) === null
      ? [
          `${name} is taken for a count (whole numbers from 0 on, few of them large): the loss is "poisson_nll", and no answer is below 0; if it is none, set loss to {"type": "mean_squared_error"}`,
        ]
      : [];
  if (spec.loss.type !== "mean_squared_error") return [];
  return [
    `${name} looks like a count, and squared errors may answer below 0 for it: choose the model "poisson" or "negative_binomial", or the loss "poisson_nll"`,
  ];
};
