import { counted } from "../../../counted.ts";
import type { Column } from "../../../datasets/dataset.ts";
import { limits } from "../../../limits.ts";
import { createNearNames } from "../../../near-names.ts";
import type { TaskSpec } from "../job-spec.ts";
import type { SplitSpec, TrainingSpec } from "../parts/training-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { findColumn, labelName } from "../task-columns.ts";
import type { CountedDataset } from "./counted-rows.ts";
import { splitOfValue, statedSizes, valueCounts } from "./split-column.ts";
import { groupCounts } from "./split-groups.ts";

const at = "/training/split";
const quote = (name: string): string => JSON.stringify(name);

/** Columns that say which rows belong together or apart: features only where the task names them. */
export const splitColumns = ({ split, crossValidation }: Pick<TrainingSpec, "split" | "crossValidation">): string[] =>
  [split.by, split.time, split.column, crossValidation?.by].filter((name) => name !== undefined);

const columnOf = (
  name: string,
  pointer: string,
  task: TaskSpec,
  dataset: CountedDataset,
  errors: SpecErrors,
): Column | null => {
  const column = findColumn(dataset, name);
  const add = (detail: string): void => errors.add(pointer, detail);
  if (column === undefined) {
    add(`the data set has no column ${quote(name)}${createNearNames(dataset.columns.map((each) => each.name))(name)}`);
  } else if (name === labelName(task)) {
    add(`${quote(name)} is the label: the splits would hold different labels; name another column`);
  } else if (column.type === "image") add(`${quote(name)} holds images; name another column`);
  else if (column.missing > 0) {
    add(
      `${column.missing} rows have no ${quote(name)}, and it is not known to which split they belong; upload the data with it`,
    );
  } else return column;
  return null;
};

/** The column is there, and every row says something by it that a split can go by. */
const checkGroups = (by: string, wanted: number, dataset: CountedDataset, errors: SpecErrors): void => {
  const groups = groupCounts(by, dataset);
  if (groups === null)
    errors.add(
      `${at}/by`,
      `${quote(by)} has too many different values (more than ${limits.groups}); name a coarser column`,
    );
  else if (groups.length < wanted)
    errors.add(
      `${at}/by`,
      `${quote(by)} has ${counted(groups.length, "value")}, too few for ${wanted} splits that share none; set a share to 0, or name a finer column`,
    );
};

const checkValues = (split: SplitSpec, dataset: CountedDataset, errors: SpecErrors): void => {
  const name = quote(split.column ?? "");
  const counts = valueCounts(split, dataset);
  if (counts === null) {
    errors.add(`${at}/column`, `${name} has too many different values to name splits; name another column`);
    return;
  }
  const unknown = counts.find(({ value }) => splitOfValue(split, value) === undefined);
  if (unknown !== undefined)
    errors.add(
      `${at}/${split.values === undefined ? "column" : "values"}`,
      `${name} has ${quote(unknown.value)}, which names no split; ${split.values === undefined ? 'state the words in values, such as {"train": ["a"], "test": ["b"]}' : "say in values which split it is"}`,
    );
  else if (statedSizes(split, dataset).train === 0)
    errors.add(`${at}/column`, `no row of ${name} is for training; state the words in values`);
};

const checkWords = ({ values, column }: SplitSpec, errors: SpecErrors): void => {
  if (values === undefined) return;
  if (column === undefined) errors.add(`${at}/values`, "are the words of a column; name it in column");
  const words = [...(values.train ?? []), ...(values.validation ?? []), ...(values.test ?? [])];
  const twice = words.find((word, i) => words.indexOf(word) !== i);
  if (twice !== undefined) errors.add(`${at}/values`, `${quote(twice)} is named twice; a word stands for one split`);
};

const checkFolds = ({ split, crossValidation }: TrainingSpec, errors: SpecErrors): void => {
  if (crossValidation === undefined) return;
  if (split.time !== undefined)
    errors.add(
      `${at}/time`,
      "folds are drawn without regard to time, so that models would be asked about rows older than those they learnt from; leave the cross-validation out, or the time",
    );
  if (split.by !== undefined && crossValidation.by !== undefined && crossValidation.by !== split.by)
    errors.add(
      "/training/crossValidation/by",
      `rows belong together by ${quote(split.by)} in the split; name the same column, or leave it out`,
    );
  if (crossValidation.by !== undefined && split.column !== undefined)
    errors.add(
      `${at}/column`,
      "groups may be on both sides of what a column says; leave it out, or leave out crossValidation.by",
    );
};

/** What the split goes by is there and says something of every row. */
export const checkSplit = (
  task: TaskSpec,
  training: TrainingSpec,
  dataset: CountedDataset,
  errors: SpecErrors,
): void => {
  const { split } = training;
  const { by, time, column } = split;
  const [first, second] = (["by", "time", "column"] as const).filter((key) => split[key] !== undefined);
  if (second !== undefined) {
    errors.add(`${at}/${second}`, `a split goes by one thing, and ${first} is given too; leave one out`);
    return;
  }
  checkWords(split, errors);
  checkFolds(training, errors);
  if (by !== undefined && columnOf(by, `${at}/by`, task, dataset, errors) !== null) {
    const shares = [split.validation ?? 0, split.test ?? 1];
    checkGroups(by, 1 + shares.filter((share) => share > 0).length, dataset, errors);
  }
  if (time !== undefined) columnOf(time, `${at}/time`, task, dataset, errors);
  if (column !== undefined && columnOf(column, `${at}/column`, task, dataset, errors) !== null)
    checkValues(split, dataset, errors);
};
