import type { Dataset } from "../../../datasets/dataset.ts";
import { createNearNames } from "../../../near-names.ts";
import type { JobSpec, TaskSpec } from "../job-spec.ts";
import type { ModelSpec } from "../model-spec.ts";
import type { LossSpec } from "../parts/loss-spec.ts";
import type { SpecErrors } from "../spec-errors.ts";
import { columnsByName, countClasses, featureNames } from "../task-columns.ts";

export type Solver = NonNullable<JobSpec["training"]["solver"]>;

/** The loss that is each model's own negative log-likelihood. */
const ownLoss: Partial<Record<ModelSpec["type"], LossSpec["type"]>> = {
  linear: "mean_squared_error",
  logistic: "binary_cross_entropy",
  softmax: "cross_entropy",
  poisson: "poisson_nll",
  gamma: "gamma_nll",
  negative_binomial: "negative_binomial_nll",
  quantile: "pinball",
};

/** Models that nothing but the exact solver fits. */
const onlyExact: ReadonlySet<ModelSpec["type"]> = new Set(["gamma", "negative_binomial", "quantile"]);

/** Linear models that iterations fit too. */
export const isIterable = (model: ModelSpec): boolean => isLinearModel(model) && !onlyExact.has(model.type);

export const isLinearModel = (model: ModelSpec): boolean => ownLoss[model.type] !== undefined;

/** A quantile is said by the model or by its loss; the record has it in both. */
export const withQuantile = (model: ModelSpec, loss: LossSpec | undefined, errors: SpecErrors): ModelSpec => {
  if (model.type !== "quantile") return model;
  const ofLoss = loss?.type === "pinball" ? loss.quantile : undefined;
  if (model.quantile !== undefined && ofLoss !== undefined && model.quantile !== ofLoss)
    errors.add(
      "/loss/quantile",
      `is ${ofLoss}, and the model's quantile is ${model.quantile}; leave the loss out, or say the same`,
    );
  return { ...model, quantile: model.quantile ?? ofLoss ?? 0.5 };
};

interface Obstacle {
  pointer: string;
  detail: string;
}

const plainLoss = (model: ModelSpec, loss: LossSpec): Obstacle | null => {
  if (loss.type !== ownLoss[model.type])
    return { pointer: "/loss/type", detail: `a "${model.type}" model with "${loss.type}" is not solved exactly` };
  if ("classWeights" in loss && loss.classWeights !== undefined)
    return { pointer: "/loss/classWeights", detail: "weights of classes are for the iterative solver" };
  if ("labelSmoothing" in loss && loss.labelSmoothing > 0)
    return { pointer: "/loss/labelSmoothing", detail: "smoothed labels are for the iterative solver" };
  return null;
};

/** What these models have no use for, and nobody else could do. */
const onlyExactFault = ({ training }: JobSpec, { type }: ModelSpec): Obstacle | null => {
  if (type === "quantile" && (training.l2 ?? 0) > 0)
    return {
      pointer: "/training/l2",
      detail: 'a "quantile" model is a linear program, which has no penalty; leave it out',
    };
  return null;
};

/** What a job asks for that only the iterative solver can do. */
const obstacleOf = (spec: JobSpec, model: ModelSpec, loss: LossSpec, hasImages: boolean): Obstacle | null => {
  if (!isLinearModel(model))
    return {
      pointer: "/training/solver",
      detail: `a "${model.type}" model has no exact solution; leave the solver out, or choose a linear model`,
    };
  if (spec.base !== undefined)
    return { pointer: "/base", detail: "an exact solution does not depend on where it starts; leave the base out" };
  if (onlyExact.has(model.type)) {
    const fault = onlyExactFault(spec, model);
    if (fault !== null) return fault;
  }
  if (spec.training.l1 > 0) return { pointer: "/training/l1", detail: "l1 is for the iterative solver; use l2" };
  if ((spec.training.earlyStopping ?? false) !== false)
    return { pointer: "/training/earlyStopping", detail: "an exact solution has no epochs to stop at" };
  if (spec.training.gradientClip !== undefined)
    return { pointer: "/training/gradientClip", detail: "an exact solution clips no gradients" };
  if (hasImages) return { pointer: "/task/features", detail: "models of images are for the iterative solver" };
  return plainLoss(model, loss);
};

/** Who says how to iterate asks for iterations. */
const asksForIterations = ({ optimizer, training }: JobSpec): boolean =>
  optimizer !== undefined ||
  training.epochs !== undefined ||
  training.batchSize !== undefined ||
  training.gradientClip !== undefined ||
  (training.earlyStopping ?? false) !== false;

/** Coefficients, and numbers of the training rows in float64 (400 MB), up to which the exact solution is the default. */
const mostCoefficients = 10_000;
/** Of softmax, whose step solves for all classes at once: a second each with 600. Such models are mostly separated, too, and have no maximum. */
const mostSoftmaxCoefficients = 500;
const mostNumbers = 5e7;

const isLarge = (task: TaskSpec, model: ModelSpec, dataset: Dataset): boolean => {
  const columns = columnsByName(dataset);
  const inputs = featureNames(task, dataset).reduce(
    (sum, name) => sum + (columns.get(name)?.categories?.length ?? 1) + 1,
    1,
  );
  const outputs = Math.max(1, countClasses(task, dataset));
  const most = model.type === "softmax" ? mostSoftmaxCoefficients : mostCoefficients;
  return inputs * outputs > most || inputs * dataset.rows > mostNumbers;
};

/** The column of clusters is there, and something is done with it. */
export const checkClusters = (
  { clusterBy }: JobSpec["training"],
  { model, solver, l2 }: { model: ModelSpec; solver: Solver | undefined; l2: number },
  dataset: Dataset,
  errors: SpecErrors,
): void => {
  if (clusterBy === undefined) return;
  const names = dataset.columns.map(({ name }) => name);
  const add = (detail: string): void => errors.add("/training/clusterBy", detail);
  if (!names.includes(clusterBy))
    add(`the data set has no column ${JSON.stringify(clusterBy)}${createNearNames(names)(clusterBy)}`);
  else if (model.type === "quantile") add('errors by cluster are not computed for a "quantile" model; leave it out');
  else if (solver !== "exact" || l2 > 0)
    add(
      "errors by cluster are of linear models that are solved exactly without a penalty; leave it out, or choose such a model",
    );
};

const checkIntercept = (spec: JobSpec, model: ModelSpec, solver: Solver | undefined, errors: SpecErrors): void => {
  if (model.type !== "linear" || model.intercept !== false) return;
  if (solver === "exact" && (spec.training.l2 ?? 0) === 0) return;
  errors.add("/model/intercept", "models without an intercept are solved exactly and without a penalty; leave it out");
};

/** How a linear model is fitted: solved exactly, unless the job asks for what only iterations can do; undefined for other models that say nothing. */
export const resolveSolver = (
  spec: JobSpec,
  parts: { task: TaskSpec; model: ModelSpec; loss: LossSpec; hasImages: boolean },
  dataset: Dataset,
  errors: SpecErrors,
): Solver | undefined => {
  const solver = chooseSolver(spec, parts, dataset, errors);
  checkIntercept(spec, parts.model, solver, errors);
  return solver;
};

/** Other models may be trained by iterations instead: these are refused where they cannot be solved. */
const requireExact = (
  spec: JobSpec,
  { task, model, loss, hasImages }: { task: TaskSpec; model: ModelSpec; loss: LossSpec; hasImages: boolean },
  dataset: Dataset,
  errors: SpecErrors,
): Solver => {
  const wanted = spec.training.solver;
  if (wanted === "iterative")
    errors.add(
      "/training/solver",
      `a "${model.type}" model is solved exactly; leave the solver out, or choose "mlp" with the loss "${loss.type === "negative_binomial_nll" ? "poisson_nll" : loss.type}"`,
    );
  else if (wanted === undefined && spec.optimizer !== undefined)
    errors.add("/optimizer", `a "${model.type}" model is solved exactly, without an optimizer; leave it out`);
  else if (model.type !== "gamma" && isLarge(task, model, dataset))
    errors.add(
      "/model/type",
      `a "${model.type}" model of more than ${mostCoefficients} coefficients, or of more than ${mostNumbers} numbers, takes too long; name fewer features, or choose ${model.type === "quantile" ? '"mlp" with the loss "pinball"' : '"poisson"'}`,
    );
  const obstacle = obstacleOf(spec, model, loss, hasImages);
  if (obstacle !== null) errors.add(obstacle.pointer, obstacle.detail);
  return "exact";
};

const chooseSolver: typeof resolveSolver = (spec, { task, model, loss, hasImages }, dataset, errors) => {
  const wanted = spec.training.solver;
  if (onlyExact.has(model.type)) return requireExact(spec, { task, model, loss, hasImages }, dataset, errors);
  if (wanted === "iterative" || (wanted === undefined && !isLinearModel(model))) return wanted;
  const obstacle = obstacleOf(spec, model, loss, hasImages);
  if (wanted === undefined)
    return obstacle === null && !asksForIterations(spec) && !isLarge(task, model, dataset) ? "exact" : "iterative";
  if (obstacle !== null) errors.add(obstacle.pointer, `${obstacle.detail}; or set /training/solver to "iterative"`);
  return wanted;
};
