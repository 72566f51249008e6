import type { Dataset, ImageShape } from "../../datasets/dataset.ts";
import { limits } from "../../limits.ts";
import { defaultImageModel } from "./image-features.ts";
import type { TaskSpec } from "./job-spec.ts";
import { lossesOf, modelsOf } from "./model-checks.ts";
import { isPerceptron, ModelSpec, perceptronsOf } from "./model-spec.ts";
import { OptimizerSpec } from "./optimizer-spec.ts";
import type { LossSpec } from "./parts/loss-spec.ts";
import { LossSpec as LossSchema } from "./parts/loss-spec.ts";
import { hasCountLabel } from "./rows/count-label.ts";
import { offsetOf } from "./rows/row-columns.ts";

/** Below so many rows every row is worth more in the training split than in a validation split. */
const smallDataRows = 5000;
const networkSteps = 3000;
/** A network from a file has learnt already. */
const tuningSteps = 600;
/** One layer is cheap, and its optimum is one: it can be come close to. */
const oneLayerSteps = 6000;
const oneLayer: ReadonlySet<ModelSpec["type"]> = new Set([
  "linear",
  "logistic",
  "softmax",
  "poisson",
  "gamma",
  "negative_binomial",
  "quantile",
]);

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** A model left out is the task's first; an MLP is then smooth (SiLU), which on small noisy tables generalised better than ReLU, most of all in regression. */
export const defaultModel = (task: TaskSpec, image: ImageShape | null): ModelSpec => {
  if (image !== null && modelsOf(task.type).includes("cnn")) return defaultImageModel(image);
  const type = modelsOf(task.type)[0];
  return ModelSpec.parse(type === "mlp" ? { type, activation: "silu" } : { type });
};

/** The first of those that the model of such a task has; what has an exposure, or looks like a count, is one for those that have a likelihood of counts. */
export const defaultLoss = (task: TaskSpec, model: ModelSpec, dataset: Pick<Dataset, "columns">): LossSpec => {
  const losses = lossesOf(task.type, model.type);
  const isCount = offsetOf(task) !== null || (isPerceptron(model) && hasCountLabel({ task }, dataset));
  const counts = isCount && losses.includes("poisson_nll");
  const type = counts ? "poisson_nll" : (losses[0] ?? "mean_squared_error");
  return LossSchema.parse({ type, ...(model.type === "quantile" ? { quantile: model.quantile } : {}) });
};

/** Shares of the validation and the test split. */
export const defaultValidation = (rows: number): number => (rows < smallDataRows ? 0 : 0.1);
export const defaultTest = 0.2;
/** What a threshold is chosen on, and curves are fitted to. */
export const chosenValidation = 0.2;

/** About 45 steps an epoch for small data, growing with the rows: a power of two from 16 to 256. */
export const defaultBatchSize = (trainRows: number): number =>
  clamp(2 ** Math.round(Math.log2(Math.max(1, trainRows / 45))), 16, 256);

/** Newton's method takes less than ten; a hundred thousand rows of many columns may take hundreds of L-BFGS. */
export const exactIterations = 500;

/** As many as give about 3000 steps, 6000 for a model of one layer; at least 20. */
export const defaultEpochs = (model: ModelSpec, trainRows: number, batchRows: number): number => {
  // Most iterations of one run, which ends by itself when it has converged.
  if (model.type === "k_means") return 300;
  if (model.type === "gaussian_mixture") return 500;
  if (model.type === "network") return clamp(Math.ceil(tuningSteps / Math.ceil(trainRows / batchRows)), 10, 100);
  const steps = oneLayer.has(model.type) ? oneLayerSteps : networkSteps;
  return clamp(Math.ceil(steps / Math.ceil(trainRows / batchRows)), 20, limits.epochs);
};

/** Rows that all steps of an MLP take together, those of the search for a penalty included, about: four times the steps, ten times below a thousand rows. */
export const defaultRowSteps = (rows: number): number => {
  const steps = Math.max(networkSteps * defaultBatchSize(rows), 20 * rows);
  return steps * (rows < smallDataRows ? (rows < 1000 ? 10 : 4) : 1);
};

/** The learning rate of an optimiser when it is left out; a tenth when the job starts from trained weights. */
export const defaultLearningRate = (optimizer: OptimizerSpec, hasBase: boolean): number => {
  const rates: Record<OptimizerSpec["type"], number> = {
    sgd: 0.1,
    momentum: 0.01,
    adagrad: 0.05,
    rmsprop: 0.01,
    adam: 0.01,
    adamw: 0.01,
  };
  return rates[optimizer.type] * (hasBase ? 0.1 : 1);
};

/** Adam whose rate falls to zero along a cosine, so that the weights settle instead of jittering. */
export const defaultOptimizer = (): OptimizerSpec =>
  OptimizerSpec.parse({ type: "adam", schedule: { type: "cosine" } });

/** The prior variance of an MLP's weights times their number of inputs: chosen on the tables of test/bench/accuracy.mjs and synthetic ones. */
const priorVariance = 2.5;
/** Many inputs (pixels, one-hot) repeat each other, and count for no more than this. */
const mostPriorPrecision = 10;

/** 1/τ² of the N(0, τ²) prior on each weight of standardised features. */
const priorPrecision = (model: ModelSpec, { features, classes }: { features: number; classes: number }): number => {
  if (!isPerceptron(model)) return 1;
  // τ² falls as 1/inputs, so that what the network expects of the function does not depend on their number (Neal, Bayesian learning for neural networks, 1996).
  const precision = Math.min(mostPriorPrecision, features / priorVariance);
  // A label of many classes says more: log₂(classes) bits a row; rounded, because the last bits of a logarithm differ between machines.
  return Math.max(1, classes > 2 ? precision / Number(Math.log2(classes).toPrecision(9)) : precision);
};

const kinks: ReadonlySet<string> = new Set(["relu", "leaky_relu"]);

/**
 * λ of (λ/2)·Σw² beside the mean loss. With λ = 1/(τ²·rows) the fit is the posterior's mode under a N(0, τ²) prior on each weight; its pull fades as data
 * grow. τ = 1 for regression models, as in scikit-learn's logistic regression (C = 1). Twice as much where the loss is twice a negative log-likelihood (squared
 * error without its ½), where two classes share one logit's weight between them (softmax), and for ReLU in regression, whose kinks follow noise.
 */
export const defaultL2 = (
  { model, loss }: { model: ModelSpec; loss: LossSpec },
  data: { trainRows: number; features: number; classes: number },
): number => {
  if (model.type === "k_means" || model.type === "gaussian_mixture") return 0;
  const squared = loss.type === "mean_squared_error" && model.type !== "linear";
  const shared = model.type === "softmax" && data.classes === 2;
  const kinked =
    squared && isPerceptron(model) && perceptronsOf(model).every(({ activation }) => kinks.has(activation));
  const factor = (squared || shared ? 2 : 1) * (kinked ? 2 : 1);
  return (factor * priorPrecision(model, data)) / Math.max(1, data.trainRows);
};
