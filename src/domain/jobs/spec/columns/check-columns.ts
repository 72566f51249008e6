import type { Column, Dataset } from "../../../datasets/dataset.ts";
import { isCategorical } from "../../../datasets/truth-values.ts";
import { createNearNames } from "../../../near-names.ts";
import { toPointerSegment } from "../../../pointer.ts";
import type { JobSpec, TaskSpec } from "../job-spec.ts";
import { isPerceptron, type ModelSpec, perceptronsOf } from "../model-spec.ts";
import type { ColumnPreprocessing } from "../parts/column-preprocessing.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { columnsByName, featureNames } from "../task-columns.ts";
import { dimensionsOf, scalingOf } from "./column-options.ts";
import { countInputs } from "./column-width.ts";

type Add = (key: keyof ColumnPreprocessing, detail: string) => void;

const quote = (text: string): string => JSON.stringify(text);
const hasLabel = ({ type }: TaskSpec): boolean => type === "classification" || type === "regression";
const goesBack =
  "densities and reconstructions are told in the data's own units, to which only a straight line leads back";

/** Whether the inputs may be bent: k-means measures distances among inputs, and tells nothing in other units. */
const mayBend = (task: TaskSpec, model: ModelSpec): boolean => hasLabel(task) || model.type === "k_means";

const onePicture = "the numbers of a picture have one scale together, which keeps its contrasts; leave it out";

const checkLogarithm = (
  { name, type, minimum = 0, minimumLine }: Column,
  { task, model }: { task: TaskSpec; model: ModelSpec },
  add: Add,
): void => {
  if (model.type === "cnn") add("logarithm", onePicture);
  else if (type !== "number") add("logarithm", `${quote(name)} is no column of numbers; leave it out`);
  else if (!mayBend(task, model)) add("logarithm", `${goesBack}; leave it out`);
  else if (minimum < 0) {
    const line = minimumLine === undefined ? "" : ` on line ${minimumLine} of the file`;
    const detail = `${quote(name)} has ${minimum}${line}, and numbers below 0 have no logarithm; choose the scaling "quantile" or "robust"`;
    add("logarithm", detail);
  }
};

/** Why no logarithm can be chosen; null: it can. */
const faultOfAuto = (
  { task, preprocessing }: Pick<JobSpec, "task" | "preprocessing">,
  model: ModelSpec,
  dataset: Dataset,
): string | null => {
  if (model.type === "cnn") return onePicture;
  if (!mayBend(task, model)) return `${goesBack}; leave it out`;
  const columns = columnsByName(dataset);
  const numbers = featureNames(task, dataset).filter((name) => columns.get(name)?.type === "number");
  return numbers.length > 0 && numbers.every((name) => scalingOf(preprocessing, name) === "quantile")
    ? 'every column of numbers has the scaling "quantile", which a logarithm would not change; leave one of the two out'
    : null;
};

const checkCategories = (column: Column, own: ColumnPreprocessing, model: ModelSpec, add: Add): void => {
  const { name } = column;
  const categories = isCategorical(column) ? (column.categories ?? []).map(({ value }) => value) : null;
  if (own.referenceLevel !== undefined) {
    if (categories === null) add("referenceLevel", `${quote(name)} is no column of categories; leave it out`);
    else if (!categories.includes(own.referenceLevel))
      add(
        "referenceLevel",
        `${quote(name)} has no category ${quote(own.referenceLevel)}${createNearNames(categories)(own.referenceLevel)}`,
      );
    else if (own.embedding !== undefined && own.embedding !== false)
      add("referenceLevel", "each category of an embedding has numbers of its own; leave one of the two out");
  }
  if (own.embedding === undefined || own.embedding === false) return;
  if (categories === null) add("embedding", `${quote(name)} is no column of categories; leave it out`);
  else if (!isPerceptron(model))
    add("embedding", `a "${model.type}" model has no embeddings; leave it out, or choose "mlp"`);
};

/** What a job says of single columns, and of all columns of a kind, can be done with them. */
export const checkColumns = (
  { task, preprocessing }: Pick<JobSpec, "task" | "preprocessing">,
  model: ModelSpec,
  dataset: Dataset,
  errors: SpecErrors,
): void => {
  if (preprocessing === undefined) return;
  const columns = columnsByName(dataset);
  const names = featureNames(task, dataset);
  if (names.some((name) => columns.get(name)?.image !== undefined)) {
    for (const key of ["numbers", "logarithm", "embeddings", "columns"] as const)
      if (preprocessing[key] !== undefined)
        errors.add(`/preprocessing/${key}`, "it is of tables, and a feature is an image; leave it out");
    return;
  }
  const features = new Set(names);
  const auto = preprocessing.logarithm === "auto" ? faultOfAuto({ task, preprocessing }, model, dataset) : null;
  const refusesAuto = auto !== null;
  if (auto !== null) errors.add("/preprocessing/logarithm", auto);
  for (const [name, own] of Object.entries(preprocessing.columns ?? {})) {
    const pointer = `/preprocessing/columns/${toPointerSegment(name)}`;
    const column = columns.get(name);
    if (column === undefined || !features.has(name)) {
      errors.add(pointer, () => `is none of the features${createNearNames(names)(name)}; leave it out`);
      continue;
    }
    const add: Add = (key, detail) => errors.add(`${pointer}/${key}`, detail);
    if (own.scaling !== undefined && column.type !== "number")
      add("scaling", `${quote(name)} is no column of numbers; leave it out`);
    // What `auto` chose and the model refuses is told of where it was asked for.
    if (own.logarithm === true && !refusesAuto) checkLogarithm(column, { task, model }, add);
    checkCategories(column, own, model, add);
    if (own.referenceLevel !== undefined && !hasLabel(task))
      add("referenceLevel", "it is of coefficients and other comparisons with a label; leave it out");
  }
  checkScalings({ task, preprocessing }, model, dataset, errors);
  const { embeddings } = preprocessing;
  if (embeddings === undefined) return;
  if (!isPerceptron(model))
    errors.add("/preprocessing/embeddings", `a "${model.type}" model has none; leave it out, or choose "mlp"`);
  else if (!names.some((name) => dimensionsOf({ ...preprocessing, columns: undefined }, columns.get(name)!) !== null))
    errors.add(
      "/preprocessing/embeddings",
      `no feature has ${embeddings.fromLevels} categories or more; leave it out, or lower fromLevels`,
    );
};

const checkScalings = (
  { task, preprocessing }: Pick<JobSpec, "task" | "preprocessing">,
  model: ModelSpec,
  dataset: Dataset,
  errors: SpecErrors,
): void => {
  const { numbers, columns = {} } = preprocessing ?? {};
  const ofColumns = Object.entries(columns).map(
    ([name, { scaling }]) => [`/preprocessing/columns/${toPointerSegment(name)}/scaling`, scaling] as const,
  );
  const stated = [["/preprocessing/numbers", numbers] as const, ...ofColumns];
  for (const [pointer, scaling] of stated) {
    if (scaling === undefined) continue;
    if (model.type === "cnn") errors.add(pointer, onePicture);
    else if ((scaling === "robust" || scaling === "quantile") && !mayBend(task, model))
      errors.add(
        pointer,
        `${goesBack}; choose "standardize" or "none"${task.type === "clustering" ? ', or the model "k_means"' : ""}`,
      );
  }
  const names = featureNames(task, dataset);
  const byName = columnsByName(dataset);
  if (numbers !== undefined && !names.some((name) => byName.get(name)?.type === "number"))
    errors.add("/preprocessing/numbers", "none of the features is a column of numbers; leave it out");
};

/** Embedded inputs that a model states lie within the inputs, one after another. */
export const checkCategoryInputs = (
  model: ModelSpec,
  { task, preprocessing }: Pick<JobSpec, "task" | "preprocessing">,
  dataset: Dataset,
  errors: SpecErrors,
): void => {
  if (!isPerceptron(model)) return;
  const inputs = countInputs(task, dataset, preprocessing);
  for (const [i, { categories = [] }] of perceptronsOf(model).entries()) {
    const path = model.type === "mlp" ? "/model/categories" : `/model/members/${i}/categories`;
    let from = 0;
    for (const [j, { first, levels }] of categories.entries()) {
      if (first < from || first + levels > inputs)
        errors.add(
          `${path}/${j}`,
          `inputs ${first} to ${first + levels - 1} overlap others, or are beyond the ${inputs} inputs; leave it out and state preprocessing.embeddings`,
        );
      from = first + levels;
    }
  }
};
