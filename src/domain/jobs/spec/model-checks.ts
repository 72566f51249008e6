import type { Column, Dataset, ImageShape } from "../../datasets/dataset.ts";
import { createNearNames } from "../../near-names.ts";
import { toPointerSegment } from "../../pointer.ts";
import { onlyImageOf, seenImage } from "./image-features.ts";
import type { JobSpec, ResolvedJobSpec, TaskSpec } from "./job-spec.ts";
import { isPerceptron, type ModelSpec } from "./model-spec.ts";
import { isOfCounts, type LossSpec } from "./parts/loss-spec.ts";
import { trialRows } from "./penalty-search.ts";
import type { SpecErrors } from "./spec-errors.ts";
import { classCounts, columnsByName, featureNames, findColumn } from "./task-columns.ts";

type TaskType = TaskSpec["type"];
type ModelType = ModelSpec["type"];
type LossType = LossSpec["type"];

const numberLosses: readonly LossType[] = ["mean_squared_error", "mean_absolute_error", "huber"];
const networkLosses: readonly LossType[] = [...numberLosses, "gaussian_nll", "poisson_nll", "gamma_nll", "pinball"];

/** Which models solve a task and with which losses; of both the first is the default. */
const choices: Record<TaskType, Partial<Record<ModelType, readonly LossType[]>>> = {
  classification: {
    mlp: ["cross_entropy", "binary_cross_entropy"],
    softmax: ["cross_entropy"],
    logistic: ["binary_cross_entropy"],
    ensemble: ["cross_entropy", "binary_cross_entropy"],
    cnn: ["cross_entropy", "binary_cross_entropy"],
    network: ["cross_entropy", "binary_cross_entropy"],
  },
  regression: {
    mlp: networkLosses,
    linear: [...numberLosses, "gaussian_nll"],
    poisson: ["poisson_nll"],
    gamma: ["gamma_nll"],
    negative_binomial: ["negative_binomial_nll"],
    quantile: ["pinball"],
    ensemble: [...numberLosses, "poisson_nll", "gamma_nll", "pinball"],
    cnn: networkLosses,
    network: networkLosses,
  },
  clustering: { k_means: ["mean_squared_error"], gaussian_mixture: ["gaussian_nll"] },
  density_estimation: { gaussian_mixture: ["gaussian_nll"] },
  reconstruction: { autoencoder: numberLosses },
};

const list = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(", ");

/** Those that a job can choose: a network comes with its base. */
export const modelsOf = (task: TaskType): readonly ModelType[] =>
  (Object.keys(choices[task]) as ModelType[]).filter((type) => type !== "network");
/** Empty when the model does not solve the task. */
export const lossesOf = (task: TaskType, model: ModelType): readonly LossType[] => choices[task][model] ?? [];

/** Task, model and loss go together. */
export const checkModelAndLoss = (task: TaskSpec, model: ModelSpec, loss: LossSpec, errors: SpecErrors): void => {
  const losses = lossesOf(task.type, model.type);
  if (losses.length === 0) {
    errors.add(
      "/model/type",
      `a "${model.type}" model does not solve a ${task.type} task; choose one of ${list(modelsOf(task.type))}`,
    );
  } else if (!losses.includes(loss.type)) {
    errors.add(
      "/loss/type",
      `a "${model.type}" model of a ${task.type} task is not trained with "${loss.type}"; choose one of ${list(losses)}`,
    );
  }
};

/** The quantile that is the answer lies within the interval about it, and one model says all three. */
export const checkPinball = (loss: LossSpec, errors: SpecErrors): void => {
  if (loss.type !== "pinball" || loss.interval === undefined) return;
  const { quantile: level, interval } = loss;
  const rounded = (share: number): number => Number(share.toPrecision(12));
  const [lower, upper] = [rounded((1 - interval) / 2), rounded((1 + interval) / 2)];
  if (!(lower < level && level < upper))
    errors.add(
      "/loss/interval",
      `the quantiles about ${loss.interval} of the labels are ${lower} and ${upper}, and ${level} does not lie between them; widen the interval, or set quantile to 0.5`,
    );
};

const checkClassWeights = (loss: LossSpec, classes: readonly string[], errors: SpecErrors): void => {
  if (!("classWeights" in loss) || typeof loss.classWeights !== "object") return;
  const known = new Set(classes);
  const near = createNearNames(classes);
  for (const name of Object.keys(loss.classWeights)) {
    if (known.has(name)) continue;
    const pointer = `/loss/classWeights/${toPointerSegment(name)}`;
    errors.add(pointer, () => `the label has no class ${JSON.stringify(name)}${near(name)}`);
  }
};

/** What the loss needs of the label: two classes for a single logit, counts for a Poisson likelihood. */
export const checkLossOnData = (task: TaskSpec, loss: LossSpec, dataset: Dataset, errors: SpecErrors): void => {
  if (task.type !== "classification" && task.type !== "regression") return;
  const column = findColumn(dataset, task.label);
  if (column === undefined) return;
  if (task.type === "classification") {
    const classes = classCounts(column)?.map(({ value }) => value) ?? [];
    if (loss.type === "binary_cross_entropy" && classes.length !== 2) {
      errors.add(
        "/loss/type",
        `"binary_cross_entropy" (and the "logistic" model) is for two classes, and ${JSON.stringify(column.name)} has ${classes.length}; choose "cross_entropy" and "softmax" or "mlp"`,
      );
    }
    checkClassWeights(loss, classes, errors);
  } else if (isOfCounts(loss)) checkCounts(column, errors);
  else if (loss.type === "gamma_nll") checkPositive(column, errors);
};

const checkPositive = ({ name, minimum = 1, minimumLine }: Column, errors: SpecErrors): void => {
  if (minimum > 0) return;
  const line = minimumLine === undefined ? "" : ` on line ${minimumLine} of the file`;
  errors.add(
    "/task/label",
    `${JSON.stringify(name)} has values down to ${minimum}${line}, and a Gamma distribution is of numbers above 0; leave such rows out, or choose the model "linear" or "mlp" with "mean_squared_error"`,
  );
};

/** Beyond this a count is none: it is not exact, and its rate is near what 32 bits hold. */
const mostCounted = 1e15;

const checkCounts = ({ name, minimum = 0, minimumLine, maximum = 0 }: Column, errors: SpecErrors): void => {
  const other = 'choose the model "linear" or "mlp" with "mean_squared_error"';
  const column = JSON.stringify(name);
  if (minimum < 0) {
    const line = minimumLine === undefined ? "" : ` on line ${minimumLine} of the file`;
    errors.add(
      "/task/label",
      `${column} has negative values, ${minimum}${line}, and a Poisson or negative binomial model is of counts; correct them, or ${other}`,
    );
  } else if (maximum > mostCounted) {
    errors.add(
      "/task/label",
      `${column} has values up to ${maximum}, and a Poisson or negative binomial model is of counts of at most ${mostCounted}; upload the column in a larger unit, or ${other}`,
    );
  }
};

const checkImageSize = (
  input: Extract<ModelSpec, { type: "cnn" }>["input"],
  { height, width, channels }: ImageShape,
  errors: SpecErrors,
): void => {
  if (input === undefined) return;
  if (input.height === height && input.width === width && input.channels === channels) return;
  errors.add("/model/input", `the images are ${height} × ${width} × ${channels}; leave it out, or give that size`);
};

/** A CNN's features are the pixels of an image: numbers without gaps, as many as height × width × channels. */
export const checkImage = (
  { task, preprocessing }: Pick<JobSpec, "task" | "preprocessing">,
  model: ModelSpec,
  dataset: Dataset,
  errors: SpecErrors,
): void => {
  if (model.type !== "cnn") return;
  const features = featureNames(task, dataset);
  const columns = columnsByName(dataset);
  const image = onlyImageOf(task, dataset);
  if (image !== null) {
    checkImageSize(model.input, seenImage(image, preprocessing), errors);
    return;
  }
  const odd = features.find((name) => {
    const column = columns.get(name);
    return column !== undefined && (column.type !== "number" || column.missing > 0);
  });
  if (odd !== undefined) {
    const detail = `the features of a "cnn" are pixels, and ${JSON.stringify(odd)} has text or missing cells; list the pixel columns only`;
    errors.add("/task/features", detail);
  }
  if (model.input === undefined) return;
  const { height, width, channels } = model.input;
  if (height * width * channels !== features.length) {
    const product = `${height}×${width}×${channels} = ${height * width * channels}`;
    errors.add("/model/input", `${product} pixels do not make ${features.length} features; correct one of them`);
  }
};

/** The model with its image's size filled in: that of the images, or of the square that the features are. */
export const withImageSize = (
  model: ModelSpec,
  image: ImageShape | null,
  features: number,
  errors: SpecErrors,
): ModelSpec => {
  if (model.type !== "cnn" || model.input !== undefined) return model;
  if (image !== null) return { ...model, input: { ...image } };
  const side = Math.round(Math.sqrt(features));
  if (side * side === features) return { ...model, input: { height: side, width: side, channels: 1 } };
  errors.add("/model/input", `${features} features are not a square image; give its height, width and channels`);
  return model;
};

/** Trials of penalties are of networks that nothing else keeps from fitting noise, on enough rows to tell them apart. */
export const checkPenaltySearch = (
  model: ModelSpec,
  { penaltySearch, earlyStopping, l2, batchSize, split }: ResolvedJobSpec["training"],
  trainRows: number,
  errors: SpecErrors,
): void => {
  if (!penaltySearch) return;
  const add = (detail: string): void => errors.add("/training/penaltySearch", detail);
  if (!isPerceptron(model))
    add(`a search for the penalty is for "mlp" and "ensemble" models, not for "${model.type}"; set it to false`);
  else if (earlyStopping) add("early stopping guards against fitting noise already; set one of the two to false");
  else if (l2 === 0) add("every multiple of an l2 of 0 is 0; give /training/l2 a value to start from, or leave it out");
  else if (split.time !== undefined && penaltySearch.folds > 1)
    add("with a split by time the latest training rows judge, which are one part; set folds to 1, or leave it out");
  else if (trialRows(trainRows, batchSize === "full" ? trainRows : batchSize, penaltySearch) === null) {
    add(
      `${trainRows} training rows are too few to hold some out and fill a batch of the others; set it to false, or take smaller batches`,
    );
  }
};

/** The metric of early stopping is one that the task has, and there are rows to measure it on. */
export const checkEarlyStopping = (spec: JobSpec, validation: number, errors: SpecErrors): void => {
  const { earlyStopping } = spec.training;
  if (earlyStopping === undefined || earlyStopping === false) return;
  const { metric } = earlyStopping;
  const needs = { loss: spec.task.type, accuracy: "classification", r2: "regression" } as const;
  if (needs[metric] !== spec.task.type) {
    const detail = `"${metric}" is measured in ${needs[metric]} tasks only; choose "loss"`;
    errors.add("/training/earlyStopping/metric", detail);
  }
  if (validation === 0) {
    const detail =
      "early stopping measures on the validation split, which is empty; give /training/split/validation a share";
    errors.add("/training/earlyStopping", detail);
  }
};
