import type { Column, Dataset, ImageShape } from "../../../datasets/dataset.ts";
import type { Model } from "../../../models/model.ts";
import { isFoldEnsemble } from "../folds/cross-validation-spec.ts";
import type { JobSpec, TaskSpec } from "../job-spec.ts";
import type { ModelSpec } from "../model-spec.ts";
import type { LossSpec } from "../parts/loss-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { classCounts, columnsByName, findColumn } from "../task-columns.ts";

const quote = (name: string): string => JSON.stringify(name);

/** Two values are the same JSON, whatever the order of their keys. */
const isSameJson = (a: unknown, b: unknown): boolean => toSortedJson(a) === toSortedJson(b);
const toSortedJson = (value: unknown): string =>
  JSON.stringify(value ?? null, (_, item: unknown) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );

/** Decides how weights are drawn and what is dropped in training, not the weights' shapes and meaning. */
const free: ReadonlySet<string> = new Set(["initializer", "dropout"]);

/** Where the architecture differs from the base's: `activation is "silu" there`. */
const describeDifferences = (model: ModelSpec, own: ModelSpec): string[] => {
  const [mine, theirs] = [new Map(Object.entries(model)), new Map<string, unknown>(Object.entries(own))];
  if (model.type !== own.type) return [`its type is ${quote(own.type)} there`];
  return [...new Set([...mine.keys(), ...theirs.keys()])]
    .filter((key) => !free.has(key) && !isSameJson(mine.get(key), theirs.get(key)))
    .map((key) => `${key} is ${JSON.stringify(theirs.get(key)) ?? "left out"} there`);
};

/** The task with the base's features, in the base's order: its first layer's weights belong to them by position. */
export const withBaseFeatures = (task: TaskSpec, base: Model): TaskSpec => ({
  ...task,
  features: base.preprocessing.features.map(({ column }) => column),
});

/** The model to train: that of the base, with the dropout that the job requests. */
export const withBaseModel = (model: ModelSpec | undefined, base: Model): ModelSpec => model ?? base.spec.model;

const isSameImage = (a: ImageShape, b: ImageShape | undefined): boolean =>
  a.height === b?.height && a.width === b.width && a.channels === b.channels;

const least = ({ minimum = Number.POSITIVE_INFINITY }: Column): number => minimum;

/** The features that the base was trained on are in this data set, with cells that its preprocessing can read. */
const checkBaseFeatures = (task: TaskSpec, dataset: Dataset, base: Model, errors: SpecErrors): void => {
  const transforms = base.preprocessing.features;
  const known = new Set(transforms.map(({ column }) => column));
  for (const [i, feature] of (task.features ?? []).entries()) {
    if (known.has(feature)) continue;
    const detail = `the base model was not trained on ${quote(feature)}; leave it out, or train without a base`;
    errors.add(`/task/features/${i}`, detail);
  }
  const given = task.features && new Set(task.features);
  const columns = columnsByName(dataset);
  for (const transform of transforms) {
    const { column: name, type } = transform;
    const column = columns.get(name);
    if (column === undefined) {
      const detail = `the base model needs the feature ${quote(name)}, which the data set does not have; add the column, or train without a base`;
      errors.add("/base/model", detail);
    } else if (given !== undefined && !given.has(name)) {
      errors.add(
        "/task/features",
        `the base model needs the feature ${quote(name)}; add it, or leave the features out`,
      );
    } else if ((type === "image") !== (column.type === "image")) {
      const detail = `${quote(name)} is ${type === "image" ? "an image" : `a ${type}`} in the base model and ${column.type === "image" ? "an image" : `a ${column.type}`} in the data set`;
      errors.add("/base/model", detail);
    } else if (transform.type === "image" && !isSameImage(transform, column.image)) {
      const { height, width, channels } = transform;
      const detail = `the base model takes images of ${height} × ${width} × ${channels} in ${quote(name)}; upload the pictures in that size`;
      errors.add("/base/model", detail);
    } else if (type === "datetime" && column.type !== "datetime" && column.type !== "number") {
      const detail = `${quote(name)} is a date in the base model and text in the data set; correct its cells, or change its type to "datetime" with PATCH /v1/datasets/${dataset.id}`;
      errors.add("/base/model", detail);
    } else if (type === "number" && column.type !== "number") {
      const detail = `${quote(name)} is a number in the base model and text in the data set; correct the column's cells`;
      errors.add("/base/model", detail);
    } else if (type === "number" && transform.logShift !== undefined && !(least(column) + transform.logShift > 0)) {
      const detail = `the base model takes the logarithm of ${quote(name)}, and the data set has ${least(column)} in it; correct the column's cells`;
      errors.add("/base/model", detail);
    } else if ("label" in task && name === task.label) {
      errors.add("/task/label", `${quote(name)} is a feature of the base model; choose another label, or another base`);
    }
  }
};

/** Without a new head the label must mean what it meant to the base. */
const checkBaseLabel = (task: TaskSpec, dataset: Dataset, base: Model, errors: SpecErrors): void => {
  const { label } = base.preprocessing;
  if (task.type !== "classification" || label.type !== "classes") return;
  const column = findColumn(dataset, task.label);
  const classes = (column && classCounts(column)) ?? [];
  const known = new Set(label.classes);
  const stranger = classes.find(({ value }) => !known.has(value));
  if (stranger !== undefined) {
    const detail = `the label has the class ${quote(stranger.value)}, which the base model does not know; set newHead to true for a new label set`;
    errors.add("/base/newHead", detail);
  }
};

/** The job can start from the base model's weights. Run before the base's features and model are filled in. */
export const checkBase = (spec: JobSpec, dataset: Dataset, base: Model, errors: SpecErrors): void => {
  const { task, model, loss } = spec;
  const newHead = spec.base?.newHead === true;
  const own = base.spec.model;
  if (spec.preprocessing !== undefined) {
    errors.add("/preprocessing", "pictures and numbers become what the base model took them for; leave it out");
  }
  if (own.type === "k_means" || own.type === "gaussian_mixture") {
    errors.add("/base/model", `a "${own.type}" model has no weights to start from; choose a base that is a network`);
    return;
  }
  if (isFoldEnsemble(base.spec)) {
    const detail =
      "the base is the ensemble of the models of a cross-validation's folds, each behind a preprocessing of its own; choose a base that is one network";
    errors.add("/base/model", detail);
    return;
  }
  if (base.task.type !== task.type) {
    const detail = `the base model solves a ${base.task.type} task, this job a ${task.type} task; choose another base, or that task`;
    errors.add("/base/model", detail);
    return;
  }
  if (newHead && task.type === "reconstruction") {
    errors.add("/base/newHead", "an autoencoder has no label, so no new head; leave newHead out");
  }
  const differences = model === undefined ? [] : describeDifferences(model, own);
  if (differences.length > 0) {
    errors.add("/model", `it must be built like the base model (${differences.join(", ")}), or be left out`);
  }
  const outputs = (of: LossSpec): number => {
    if (of.type === "pinball" && of.interval !== undefined) return 3;
    return of.type === "gaussian_nll" ? 2 : of.type === "binary_cross_entropy" ? 1 : 0;
  };
  if (!newHead && loss !== undefined && outputs(loss) !== outputs(base.spec.loss)) {
    const detail = `"${loss.type}" needs other outputs than the base model's "${base.spec.loss.type}"; leave it out, or set /base/newHead to true`;
    errors.add("/loss/type", detail);
  }
  checkBaseFeatures(task, dataset, base, errors);
  if (!newHead) checkBaseLabel(task, dataset, base, errors);
};
