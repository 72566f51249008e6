import type { LossSpec, TaskSpec } from "./job-spec.ts";
import { LossSpec as LossSchema } from "./job-spec.ts";
import { limits } from "./limits.ts";
import { lossesOf, modelsOf } from "./model-checks.ts";
import { ModelSpec } from "./model-spec.ts";
import { OptimizerSpec } from "./optimizer-spec.ts";

/** Below so many rows every row is worth more in the training split than in a validation split. */
const smallDataRows = 5000;
const defaultSteps = 3000;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

export const defaultModel = (task: TaskSpec): ModelSpec => ModelSpec.parse({ type: modelsOf(task.type)[0] });

export const defaultLoss = (task: TaskSpec, model: ModelSpec): LossSpec =>
  LossSchema.parse({ type: lossesOf(task.type, model.type)[0] ?? "mean_squared_error" });

/** Shares of the validation and the test split. */
export const defaultValidation = (rows: number): number => (rows < smallDataRows ? 0 : 0.1);
export const defaultTest = 0.2;

/** About 45 steps an epoch for small data, growing with the rows: a power of two from 16 to 256. */
export const defaultBatchSize = (trainRows: number): number =>
  clamp(2 ** Math.round(Math.log2(Math.max(1, trainRows / 45))), 16, 256);

/** As many as give about 3000 steps, at least 20. */
export const defaultEpochs = (trainRows: number, batchRows: number): number =>
  clamp(Math.ceil(defaultSteps / Math.ceil(trainRows / batchRows)), 20, limits.epochs);

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

/**
 * λ of (λ/2)·Σw² beside the mean loss: 1/rows is the negative log-density of a N(0, 1) prior on each weight of standardised features, so that the fit is the
 * posterior's mode; its pull fades as data grow (scikit-learn's logistic regression does the same with C = 1).
 */
export const defaultL2 = (model: ModelSpec, trainRows: number): number => {
  if (model.type === "k_means" || model.type === "gaussian_mixture") return 0;
  return 1 / Math.max(1, trainRows);
};
