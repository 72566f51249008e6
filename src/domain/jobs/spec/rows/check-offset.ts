import { counted } from "../../../counted.ts";
import type { Column, Dataset } from "../../../datasets/dataset.ts";
import { type AnyModel, isImported } from "../../../models/model.ts";
import type { JobSpec, TaskSpec } from "../job-spec.ts";
import { hasLogLink, type LossSpec } from "../parts/loss-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { checkRowColumn, checkWeight } from "./check-weight.ts";
import { type Offset, offsetOf, weightName } from "./row-columns.ts";

const quote = (name: string): string => JSON.stringify(name);

/** Logarithms beyond it leave the rates that single precision holds. */
export const mostOffset = 60;
export const [leastExposure, mostExposure] = [1e-26, 1e26];

const faultOf = ({ name, type, missing, minimum = 0, maximum = 0 }: Column, key: Offset["key"]): string | null => {
  if (type !== "number") return `${quote(name)} holds no numbers; name a number column`;
  if (missing > 0)
    return `${counted(missing, "row has", "rows have")} no ${quote(name)}, and what a count is of is not known; upload the data with it`;
  if (key === "offset")
    return Math.max(-minimum, maximum) > mostOffset
      ? `${quote(name)} goes from ${minimum} to ${maximum}, and an offset is a logarithm between ${-mostOffset} and ${mostOffset}; name a column of exposures in task.exposure, or take logarithms`
      : null;
  if (minimum <= 0)
    return `${quote(name)} has values down to ${minimum}, and an exposure is above 0; leave out rows that nothing was observed over`;
  if (minimum < leastExposure || maximum > mostExposure)
    return `${quote(name)} goes from ${minimum} to ${maximum}; give it in another unit, between ${leastExposure} and ${mostExposure}`;
  return null;
};

/** What counts are of is known of every row. */
const checkOffset = (task: TaskSpec, dataset: Dataset, errors: SpecErrors): void => {
  const offset = offsetOf(task);
  if (offset === null) return;
  if (task.type === "regression" && task.exposure !== undefined && task.offset !== undefined)
    errors.add(
      "/task/offset",
      "is the logarithm of an exposure, and task.exposure is given too; leave one of them out",
    );
  const { key, column: name } = offset;
  if (weightName(task) === name)
    errors.add(`/task/${key}`, `${quote(name)} is the weight of the rows as well; leave one of them out`);
  const column = checkRowColumn(key, name, task, dataset, errors);
  const fault = column === null ? null : faultOf(column, key);
  if (fault !== null) errors.add(`/task/${key}`, fault);
};

/** What a task says of its rows by columns is known of every row. */
export const checkRowColumns = (task: TaskSpec, dataset: Dataset, errors: SpecErrors): void => {
  checkWeight(task, dataset, errors);
  checkOffset(task, dataset, errors);
};

/** Only a likelihood of counts has a rate, and what a base has learnt is a rate as well or is none. */
export const checkOffsetUse = (
  { task, base: asked }: Pick<JobSpec, "task" | "base">,
  loss: LossSpec,
  base: AnyModel | null,
  errors: SpecErrors,
): void => {
  const offset = offsetOf(task);
  if (offset !== null && !hasLogLink(loss))
    errors.add(
      `/task/${offset.key}`,
      `is of counts, with the loss "poisson_nll" (the model "poisson", or a network with that loss) or the model "negative_binomial", or of sums with "gamma_nll", and this job's is "${loss.type}"; leave one of them out`,
    );
  if (base === null || isImported(base)) return;
  const own = base.preprocessing.offset;
  if (asked?.newHead === true || (own?.column === offset?.column && own?.key === offset?.key)) return;
  errors.add(
    offset === null ? "/base/model" : `/task/${offset.key}`,
    own === undefined
      ? "the base model has learnt counts without an exposure; leave it out, or set base.newHead to true"
      : `the base model has learnt rates by task.${own.key} ${quote(own.column)}; give the same, or set base.newHead to true`,
  );
};
