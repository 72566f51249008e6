import { counted } from "../../../counted.ts";
import type { Column, Dataset } from "../../../datasets/dataset.ts";
import { createNearNames } from "../../../near-names.ts";
import type { TaskSpec } from "../job-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { findColumn, labelName } from "../task-columns.ts";
import { weightName } from "./row-columns.ts";

const quote = (name: string): string => JSON.stringify(name);

/** Weights are kept in single precision as well: beyond these their ratios are lost. */
const [leastLargest, mostLargest] = [1e-30, 1e30];

const faultOf = ({ name, type, missing, minimum = 0, minimumLine, maximum = 0 }: Column): string | null => {
  if (type !== "number") return `${quote(name)} holds no numbers, and weights are numbers; name a number column`;
  if (missing > 0)
    return `${counted(missing, "row has", "rows have")} no ${quote(name)}; give each row a weight, 0 to those that are not to count`;
  if (minimum < 0) {
    const line = minimumLine === undefined ? "" : ` on line ${minimumLine} of the file`;
    return `${quote(name)} has negative values, ${minimum}${line}, and a weight is at least 0; correct them, or give 0 to rows that are not to count`;
  }
  if (maximum === 0) return `${quote(name)} is 0 in every row, so that none would count; give rows a weight above 0`;
  if (maximum < leastLargest || maximum > mostLargest)
    return `the largest weight in ${quote(name)} is ${maximum}; only their ratios matter to a loss: multiply all by the same factor, so that it lies between ${leastLargest} and ${mostLargest}`;
  return null;
};

/** The column that a task names for its rows is there, is not the label, and is not learnt from. */
export const checkRowColumn = (
  key: string,
  name: string,
  task: TaskSpec,
  dataset: Dataset,
  errors: SpecErrors,
): Column | null => {
  const column = findColumn(dataset, name);
  const pointer = `/task/${key}`;
  if (column === undefined) {
    const near = createNearNames(dataset.columns.map((each) => each.name));
    errors.add(pointer, `the data set has no column ${quote(name)}${near(name)}`);
  } else if (name === labelName(task)) errors.add(pointer, `${quote(name)} is the label; name another column`);
  else if (task.features?.includes(name) === true)
    errors.add(
      `/task/features/${task.features.indexOf(name)}`,
      `${quote(name)} is the ${key} of the rows, and no feature; leave it out of the features, or leave out task.${key}`,
    );
  else return column;
  return null;
};

/** Every row has a weight that it can count by. */
export const checkWeight = (task: TaskSpec, dataset: Dataset, errors: SpecErrors): void => {
  const name = weightName(task);
  const column = name === null ? null : checkRowColumn("weight", name, task, dataset, errors);
  const fault = column === null ? null : faultOf(column);
  if (fault !== null) errors.add("/task/weight", fault);
};
