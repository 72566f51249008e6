import type { Column, Dataset } from "../../datasets/dataset.ts";
import { isFreeText } from "../../datasets/odd-columns.ts";
import { limits } from "../../limits.ts";
import { createNearNames } from "../../near-names.ts";
import type { JobSpec, TaskSpec } from "./job-spec.ts";
import { rowColumns } from "./rows/row-columns.ts";
import type { SpecErrors } from "./spec-errors.ts";
import { classCounts, columnsByName, featureNames, findColumn, labelName, leftOutColumns } from "./task-columns.ts";

const quote = (name: string): string => JSON.stringify(name);
const namesOf = (dataset: Dataset): string[] => dataset.columns.map(({ name }) => name);

const freeText = (name: string): string =>
  `${quote(name)} has too many different texts to be categories (more than ${limits.categoriesPerColumn} a column, or longer than categories are); if they are words, change its type to "text"`;

/** The columns that the task names are in the data set, the label is not among the features, and none is named twice. */
export const checkColumnNames = (task: TaskSpec, dataset: Dataset, errors: SpecErrors): void => {
  const names = namesOf(dataset);
  const known = new Set(names);
  const near = createNearNames(names);
  const absent = (name: string) => (): string => `the data set has no column ${quote(name)}${near(name)}`;
  const label = labelName(task);
  if (label !== null && !known.has(label)) errors.add("/task/label", absent(label));
  const seen = new Set<string>();
  for (const [i, feature] of (task.features ?? []).entries()) {
    const pointer = `/task/features/${i}`;
    if (!known.has(feature)) errors.add(pointer, absent(feature));
    else if (feature === label) {
      errors.add(
        pointer,
        `${quote(feature)} is the label and would give the answer away; leave it out of the features`,
      );
    } else if (seen.has(feature)) errors.add(pointer, `${quote(feature)} is named twice; leave one out`);
    seen.add(feature);
  }
  for (const [i, name] of (task.exclude ?? []).entries()) {
    if (!known.has(name)) errors.add(`/task/exclude/${i}`, absent(name));
    else if (name === label)
      errors.add(
        `/task/exclude/${i}`,
        `${quote(name)} is the label, which is no feature anyway; leave it out of exclude`,
      );
  }
  const aside = rowColumns(task);
  if (task.features === undefined && names.every((name) => name === label || aside.includes(name))) {
    errors.add("/task/label", "the data set has no other column to learn from; upload one with features");
  } else if (featureNames(task, dataset).length === 0) {
    const [first] = leftOutColumns(task, dataset);
    if (task.exclude !== undefined) errors.add("/task/exclude", "leaves no column to learn from; exclude fewer");
    else
      errors.add(
        "/task/features",
        `no column is left to learn from: ${freeText(first ?? "")}, or upload one with other features`,
      );
  }
};

const checkClasses = (column: Column, errors: SpecErrors): void => {
  const classes = classCounts(column);
  if (classes === null) {
    const remedy =
      column.type === "number"
        ? 'choose the task "regression", or upload the file with ?types={…:"category"} if its numbers are names of classes'
        : "choose a label with fewer classes";
    const most = column.type === "number" ? "too many to be classes" : `more than ${limits.categoriesPerColumn}`;
    const count = column.distinct === null ? "" : `${column.distinct}, `;
    errors.add("/task/label", `${quote(column.name)} has too many different values (${count}${most}); ${remedy}`);
  } else if (classes.length < 2) {
    const only = classes[0] === undefined ? "no value" : `only the value ${quote(classes[0].value)}`;
    errors.add("/task/label", `${quote(column.name)} has ${only}; a classification needs at least two classes`);
  } else if (classes.length > 2 && classes.every(({ count }) => count === 1)) {
    const detail = `${quote(column.name)} is different in every row, so that no class could be learnt from other rows; choose another column`;
    errors.add("/task/label", detail);
  }
};

const checkNumberLabel = (column: Column, errors: SpecErrors): void => {
  if (column.type === "datetime") {
    const remedy = "upload the table with a column of days or seconds, as numbers, and choose that";
    errors.add("/task/label", `${quote(column.name)} holds dates, and a regression needs numbers; ${remedy}`);
  } else if (column.type !== "number") {
    const example = column.categories?.[0]?.value;
    const such = example === undefined ? "" : ` (such as ${quote(example)})`;
    errors.add(
      "/task/label",
      `${quote(column.name)} holds text${such}, and a regression needs numbers; ${(column.type === "text" ? undefined : column.notes?.[0]?.message) ?? 'choose the task "classification" or a number column'}`,
    );
  } else if (column.minimum === column.maximum) {
    errors.add("/task/label", `${quote(column.name)} is constant (${column.minimum}); there is nothing to learn`);
  }
};

/** The label can be learnt: present in some rows, not constant, of the type that the task needs. */
export const checkLabel = (task: TaskSpec, dataset: Dataset, errors: SpecErrors): void => {
  const name = labelName(task);
  const column = name === null ? undefined : findColumn(dataset, name);
  if (column === undefined) return;
  if (column.type === "image") {
    errors.add("/task/label", `${quote(column.name)} holds images, which are no label; choose another column`);
    return;
  }
  if (column.missing === dataset.rows) {
    errors.add("/task/label", `no row has a value in ${quote(column.name)}; choose another column`);
    return;
  }
  if (task.type === "classification") checkClasses(column, errors);
  else checkNumberLabel(column, errors);
};

/** How texts become inputs is said where there are some, and an autoencoder gives none back. */
export const checkTexts = (
  { task, preprocessing }: Pick<JobSpec, "task" | "preprocessing">,
  dataset: Dataset,
  errors: SpecErrors,
): void => {
  const columns = columnsByName(dataset);
  const name = featureNames(task, dataset).find((feature) => columns.get(feature)?.type === "text");
  if (name === undefined) {
    if (preprocessing?.texts !== undefined)
      errors.add("/preprocessing/texts", "none of the features is a column of texts; leave it out");
  } else if (task.type === "reconstruction") {
    errors.add("/task/features", `${quote(name)} is a column of texts, which are not reconstructed; leave it out`);
  }
};

/** Every feature that the task names can become inputs; of those that it does not name, others are left out with a warning. */
export const checkFeatures = (task: TaskSpec, dataset: Dataset, errors: SpecErrors): void => {
  const columns = columnsByName(dataset);
  const excluded = new Set(task.exclude);
  for (const [i, name] of (task.features ?? []).entries()) {
    const column = columns.get(name);
    if (column === undefined || excluded.has(name) || !isFreeText(column)) continue;
    errors.add(`/task/features/${i}`, `${freeText(name)}, or leave it out of the features`);
  }
};
