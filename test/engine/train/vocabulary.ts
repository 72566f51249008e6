import type { JobSpecInput, TaskSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { ModelSpec } from "../../../src/domain/jobs/spec/model-spec.ts";
import type { OptimizerSpec, Schedule } from "../../../src/domain/jobs/spec/optimizer-spec.ts";
import type { CnnLayer } from "../../../src/domain/jobs/spec/parts/cnn-layer.ts";
import type { LossSpec } from "../../../src/domain/jobs/spec/parts/loss-spec.ts";
import type { Activation, Initializer } from "../../../src/domain/jobs/spec/parts/units.ts";

/** A job's specification without its data set. */
export type Body = Omit<JobSpecInput, "dataset">;

/** 4 × 4 pixels `p0` … `p15`, a label of three classes, one of two, a count, a real number and a positive one. */
export const table = (rows = 120): string => {
  const header = [
    ...Array.from({ length: 16 }, (_, pixel) => `p${pixel}`),
    "kind",
    "answer",
    "count",
    "amount",
    "size",
  ];
  const row = (i: number): string => {
    const pixels = Array.from({ length: 16 }, (_, pixel) => (((i + 3) * (pixel + 7) * 37) % 101) / 10);
    return [
      ...pixels,
      "abc"[i % 3],
      i % 2 ? "yes" : "no",
      (i * 7) % 5,
      ((i * 13) % 29) / 3,
      1 + ((i * 11) % 17),
    ].join();
  };
  return `${header.join()}\n${Array.from({ length: rows }, (_, i) => `${row(i)}\n`).join("")}`;
};

const features = Array.from({ length: 16 }, (_, pixel) => `p${pixel}`);
const kinds = { type: "classification", label: "kind", features } as const;
const answers = { type: "classification", label: "answer", features } as const;
const counts = { type: "regression", label: "count", features } as const;
const positives = { type: "regression", label: "size", features } as const;
const amounts = { type: "regression", label: "amount", features } as const;

type Layer = Extract<NonNullable<Body["model"]>, { type: "cnn" }>["layers"] & object;
const network = (...layers: Layer): Body => ({ task: kinds, model: { type: "cnn", layers } });
const perceptron = (model: object): Body => ({ task: kinds, model: { type: "mlp", hidden: [8, 6], ...model } });
const optimised = (optimizer: Body["optimizer"] & object): Body => ({ ...perceptron({}), optimizer });
const scheduled = (schedule: (Body["optimizer"] & object)["schedule"] & object): Body =>
  optimised({ type: "sgd", schedule });
const trained = (training: Body["training"] & object): Body => ({ ...perceptron({}), training });
const mixture = (model: object): Body => ({
  task: { type: "density_estimation", features },
  model: { type: "gaussian_mixture", ...model },
});

/** One job for each word, by the kind of word. A word of a schema without a job does not compile. */
const tasks: Record<TaskSpec["type"], Body> = {
  classification: { task: kinds },
  regression: { task: amounts },
  clustering: { task: { type: "clustering", features } },
  density_estimation: { task: { type: "density_estimation", features } },
  reconstruction: { task: { type: "reconstruction", features } },
};

const models: Record<Exclude<ModelSpec["type"], "network">, Body> = {
  linear: { task: amounts, model: { type: "linear" } },
  logistic: { task: answers, model: { type: "logistic" } },
  softmax: { task: kinds, model: { type: "softmax" } },
  poisson: { task: counts, model: { type: "poisson" } },
  gamma: { task: positives, model: { type: "gamma" } },
  negative_binomial: { task: counts, model: { type: "negative_binomial" } },
  quantile: { task: amounts, model: { type: "quantile", quantile: 0.9 } },
  mlp: { task: kinds, model: { type: "mlp" } },
  ensemble: { task: kinds, model: { type: "ensemble", members: [{ hidden: [6] }, { hidden: [8, 5], dropout: 0.2 }] } },
  cnn: { task: kinds, model: { type: "cnn" } },
  autoencoder: { task: { type: "reconstruction", features }, model: { type: "autoencoder", encoder: [6, 2] } },
  gaussian_mixture: mixture({ components: 3 }),
  k_means: { task: { type: "clustering", features }, model: { type: "k_means", clusters: 4 } },
};

const layers: Record<CnnLayer["type"], Body> = {
  conv2d: network({ type: "conv2d", filters: 4 }),
  max_pool: network({ type: "max_pool", size: 2 }),
  average_pool: network({ type: "average_pool", size: 2, stride: 1 }),
  global_average_pool: network({ type: "conv2d", filters: 4 }, { type: "global_average_pool" }),
  dropout: network({ type: "dropout", rate: 0.2 }),
  dense: network({ type: "dense", units: 5 }),
  residual: network({ type: "residual", layers: [{ type: "conv2d", filters: 1, padding: "same" }] }),
  concat: network({ type: "concat", branches: [[{ type: "conv2d", filters: 2, kernel: 1 }], []] }),
};

const convolutions: Record<"stride" | "padding" | "dilation" | "groups", Body> = {
  stride: network({ type: "conv2d", filters: 4, stride: 2 }),
  padding: network({ type: "conv2d", filters: 4, padding: 2 }),
  dilation: network({ type: "conv2d", filters: 4, kernel: 2, dilation: 2 }),
  groups: network({ type: "conv2d", filters: 4 }, { type: "conv2d", filters: 4, kernel: 1, groups: 2 }),
};

const activations: Record<Activation, Body> = {
  identity: perceptron({ activation: "identity" }),
  sigmoid: perceptron({ activation: "sigmoid" }),
  tanh: perceptron({ activation: "tanh" }),
  relu: perceptron({ activation: "relu" }),
  leaky_relu: perceptron({ activation: "leaky_relu" }),
  gelu: perceptron({ activation: "gelu" }),
  silu: perceptron({ activation: "silu" }),
  softmax: perceptron({ activation: "softmax" }),
};

const losses: Record<LossSpec["type"], Body> = {
  mean_squared_error: { task: amounts, loss: { type: "mean_squared_error" } },
  mean_absolute_error: { task: amounts, loss: { type: "mean_absolute_error" } },
  huber: { task: amounts, loss: { type: "huber", delta: 0.5 } },
  binary_cross_entropy: { task: answers, loss: { type: "binary_cross_entropy" } },
  cross_entropy: { task: kinds, loss: { type: "cross_entropy" } },
  poisson_nll: { task: counts, loss: { type: "poisson_nll" } },
  gaussian_nll: { task: amounts, loss: { type: "gaussian_nll" } },
  gamma_nll: { task: positives, loss: { type: "gamma_nll" } },
  negative_binomial_nll: {
    ...{ task: counts, model: { type: "negative_binomial" }, loss: { type: "negative_binomial_nll" } },
  },
  pinball: { task: amounts, loss: { type: "pinball", quantile: 0.25 } },
};

const initializers: Record<Exclude<Initializer, object> | Extract<Initializer, object>["type"], Body> = {
  zeros: perceptron({ initializer: "zeros" }),
  constant: perceptron({ initializer: { type: "constant", value: 0.5 } }),
  normal: perceptron({ initializer: { type: "normal", standardDeviation: 0.02 } }),
  uniform: perceptron({ initializer: { type: "uniform", limit: 0.1 } }),
  xavier: perceptron({ initializer: "xavier" }),
  xavier_uniform: perceptron({ initializer: "xavier_uniform" }),
  he: perceptron({ initializer: "he" }),
  he_average: perceptron({ initializer: "he_average" }),
};

const optimizers: Record<OptimizerSpec["type"], Body> = {
  sgd: optimised({ type: "sgd", learningRate: 0.1 }),
  momentum: optimised({ type: "momentum", momentum: 0.8 }),
  adagrad: optimised({ type: "adagrad", epsilon: 1e-9 }),
  rmsprop: optimised({ type: "rmsprop", alpha: 0.99 }),
  adam: optimised({ type: "adam", beta1: 0.8, beta2: 0.99, epsilon: 1e-7 }),
  adamw: optimised({ type: "adamw", weightDecay: 0.1 }),
};

const schedules: Record<Schedule["type"], Body> = {
  constant: scheduled({ type: "constant" }),
  step: scheduled({ type: "step", everyEpochs: 2, factor: 0.5 }),
  exponential: scheduled({ type: "exponential", factor: 0.9 }),
  cosine: scheduled({ type: "cosine", minimum: 0.001 }),
  one_cycle: scheduled({ type: "one_cycle", warmFraction: 0.2 }),
  reduce_on_plateau: scheduled({ type: "reduce_on_plateau", patience: 3 }),
};

/** What else the engine's course names. */
const variants: Record<string, Body> = {
  "full-batch gradient descent": { ...optimizers.sgd, training: { batchSize: "full" } },
  "linear warm-up": scheduled({ type: "constant", warmupSteps: 10 }),
  nesterov: optimised({ type: "momentum", nesterov: true }),
  "adagrad, epsilon outside": optimised({ type: "adagrad", epsilonOutside: true }),
  "rmsprop, epsilon outside": optimised({ type: "rmsprop", epsilonOutside: true }),
  "learning rates of layers": optimised({ type: "adam", layerFactors: { "hidden.0": 0.1, output: 2 } }),
  L1: trained({ l1: 0.001 }),
  L2: trained({ l2: 0.001 }),
  dropout: perceptron({ dropout: 0.3 }),
  "early stopping": trained({ split: { validation: 0.2 }, earlyStopping: { metric: "loss", patience: 5 } }),
  "gradient clipping by norm": trained({ gradientClip: { norm: 1 } }),
  "gradient clipping by value": trained({ gradientClip: { value: 0.5 } }),
  "label smoothing": { task: kinds, loss: { type: "cross_entropy", labelSmoothing: 0.1 } },
  "binary label smoothing": { task: answers, loss: { type: "binary_cross_entropy", labelSmoothing: 0.1 } },
  "class weights": { task: kinds, loss: { type: "cross_entropy", classWeights: { a: 2, b: 1, c: 0.5 } } },
  "balanced class weights": { task: kinds, loss: { type: "cross_entropy", classWeights: "balanced" } },
  "batch normalisation before the activation": perceptron({ batchNorm: { position: "before", momentum: 0.2 } }),
  "batch normalisation after the activation": perceptron({ batchNorm: { position: "after", epsilon: 1e-3 } }),
  "batch normalisation in two dimensions": network({ type: "conv2d", filters: 4, batchNorm: true }),
  "number of components by BIC": mixture({ components: { from: 1, to: 4 } }),
  "diagonal covariance": mixture({ components: 2, covariance: "diagonal" }),
  "spherical covariance": mixture({ components: 2, covariance: "spherical" }),
  "tied covariance": mixture({ components: 2, covariance: "tied" }),
};

export const vocabulary = {
  tasks,
  models,
  layers,
  convolutions,
  activations,
  losses,
  initializers,
  optimizers,
  schedules,
  variants,
};
