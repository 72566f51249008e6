import { z } from "zod";
import { exactRecord } from "../../exact-record.ts";
import { nonNegativeFloat32, positiveFloat32 } from "../../float32.ts";
import { AliasName, DatasetId, ModelId } from "../../ids.ts";
import { limits } from "../../limits.ts";
import { ModelSpec } from "./model-spec.ts";
import { OptimizerSpec } from "./optimizer-spec.ts";
import { PenaltySearch, type ResolvedPenaltySearch } from "./penalty-search.ts";
import { PreprocessingSpec } from "./preprocessing-spec.ts";
import { WebhookSpec } from "./webhook-spec.ts";

const column = z.string().min(1).max(limits.nameLength);
const features = z.array(column).min(1).max(limits.columns).optional();

export const TaskSpec = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("classification"), label: column, features }),
    z.strictObject({ type: z.literal("regression"), label: column, features }),
    z.strictObject({ type: z.literal("clustering"), features }),
    z.strictObject({ type: z.literal("density_estimation"), features }),
    /** An autoencoder: the features are their own label. */
    z.strictObject({ type: z.literal("reconstruction"), features }),
  ])
  .meta({ id: "TaskSpec" });

/** A class that counted a millionth of another, or less, would be left out without a word. */
const weightRange = "must be from 0.000001 to 1000000";
const classWeights = exactRecord(z.string(), z.number().min(1e-6, weightRange).max(1e6, weightRange));

export const LossSpec = z
  .discriminatedUnion("type", [
    /** Negative log-likelihood of the categorical distribution, from logits. */
    z.strictObject({
      type: z.literal("cross_entropy"),
      labelSmoothing: z.number().min(0).lt(1).default(0),
      classWeights: z.union([z.literal("balanced"), classWeights]).optional(),
    }),
    /** Negative log-likelihood of the Bernoulli distribution, from one logit. */
    z.strictObject({
      type: z.literal("binary_cross_entropy"),
      labelSmoothing: z.number().min(0).lt(1).default(0),
      classWeights: z.union([z.literal("balanced"), classWeights]).optional(),
    }),
    z.strictObject({ type: z.literal("mean_squared_error") }),
    z.strictObject({ type: z.literal("mean_absolute_error") }),
    z.strictObject({ type: z.literal("huber"), delta: positiveFloat32.default(1) }),
    /** Negative log-likelihood of the Poisson distribution with log link; the label is a count. */
    z.strictObject({ type: z.literal("poisson_nll") }),
    /** Negative log-likelihood of N(μ, σ²); the model has two outputs, μ and log σ². */
    z.strictObject({ type: z.literal("gaussian_nll") }),
  ])
  .meta({ id: "LossSpec" });

export const SplitSpec = z.strictObject({
  /** Left out: 0.1, or 0 for small data sets, where those rows are worth more in the training split. */
  validation: z.number().min(0).lt(1).optional(),
  /** Left out: 0.2, the share that a fold of five has. */
  test: z.number().min(0).lt(1).optional(),
  /** Classification only: keep the classes' shares equal in the three parts. */
  stratify: z.boolean().default(true),
});

export const EarlyStopping = z.strictObject({
  /** Measured on the validation split; `loss` falls, `accuracy` and `r2` rise. */
  metric: z.enum(["loss", "accuracy", "r2"]).default("loss"),
  patience: z.int().min(1).default(20),
  minimumChange: nonNegativeFloat32.default(0),
  /** The model is the one of the best epoch, not of the last. */
  restoreBest: z.boolean().default(true),
});

export const TrainingSpec = z
  .strictObject({
    /**
     * Linear, logistic, softmax and Poisson models only. `exact`: the coefficients that fit best are computed in float64, by QR or to the convergence of Newton's
     * method, without a penalty unless `l2` is given; `epochs` are then the most iterations, and the optimizer is without effect. `iterative`: trained by
     * gradient descent as networks are. Left out: exact, unless the job gives an optimizer, epochs, a batch size, early stopping, a base, a loss that is not the
     * model's likelihood, or more than 10,000 coefficients.
     */
    solver: z.enum(["exact", "iterative"]).optional(),
    /** Left out: as many as give some thousands of steps. */
    epochs: z.int().min(1).max(limits.epochs).optional(),
    /** Left out: by the number of rows, 16 to 256. */
    batchSize: z.union([z.int().min(1).max(1_000_000), z.literal("full")]).optional(),
    split: SplitSpec.prefault({}),
    /** `false`: train all epochs. Left out: on the validation split, if there is one. */
    earlyStopping: z.union([z.literal(false), EarlyStopping]).optional(),
    /** Penalties on the weights (not biases) added to the loss: l1·Σ|w| + (l2/2)·Σw². */
    l1: nonNegativeFloat32.default(0),
    l2: nonNegativeFloat32.optional(),
    /**
     * Left out: on for an MLP whose `l2` and `epochs` are left out too, unless early stopping guards against fitting noise or rows are too few. The metric `l2` and an event say what
     * was chosen. `false`: `l2` as it stands.
     */
    penaltySearch: z.union([z.literal(false), PenaltySearch]).optional(),
    /** Exact solutions only: a column whose equal values mark rows that belong together (patients, shops): the report gives the errors by cluster beside the others. */
    clusterBy: column.optional(),
    gradientClip: z
      .union([z.strictObject({ norm: positiveFloat32 }), z.strictObject({ value: positiveFloat32 })])
      .optional(),
    shuffle: z.boolean().default(true),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(42),
  })
  .meta({ id: "TrainingSpec" });

export const BaseSpec = z
  .strictObject({
    /** The model whose weights this job starts from: an id or an alias. */
    model: z.union([ModelId, AliasName]),
    /** Layers by name or prefix that keep their weights: `["hidden.0"]`. */
    freeze: z.array(z.string().min(1).max(limits.nameLength)).max(limits.frozenLayers).default([]),
    /** A fresh output layer, for a new label set. */
    newHead: z.boolean().default(false),
  })
  .meta({ id: "BaseSpec" });

export const ResourcesSpec = z
  .strictObject({
    /** Team size; a plan too small to gain runs on one thread. The weights do not depend on it. */
    threads: z.int().min(1).max(64).optional(),
    memoryBytes: z
      .int()
      .min(1)
      .max(limits.jobMemoryBytes)
      .default(1024 ** 3),
    maxSeconds: z
      .number()
      .positive()
      .max(30 * 24 * 3600)
      .default(3600),
    /** Higher runs first. */
    priority: z.int().min(-100).max(100).default(0),
    /** Of an earlier version, and without effect: every job has the same bits on every machine, by the fastest kernels there. */
    backend: z.enum(["wasm", "blas"]).default("wasm"),
  })
  .meta({ id: "ResourcesSpec" });

/** What a user sends. Only `dataset` and `task` are required; unknown keys are errors. */
export const JobSpec = z
  .strictObject({
    name: z.string().min(1).max(limits.nameLength).optional(),
    dataset: DatasetId,
    task: TaskSpec,
    model: ModelSpec.optional(),
    loss: LossSpec.optional(),
    optimizer: OptimizerSpec.optional(),
    training: TrainingSpec.prefault({}),
    preprocessing: PreprocessingSpec.optional(),
    base: BaseSpec.optional(),
    resources: ResourcesSpec.prefault({}),
    labels: exactRecord(z.string().min(1).max(63), z.string().max(255))
      .refine((labels) => Object.keys(labels).length <= limits.labels, `must have at most ${limits.labels} entries`)
      .default({}),
    webhook: WebhookSpec.optional(),
  })
  .meta({ id: "JobSpec" });

type Filled<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: Exclude<T[P], undefined> };

export type JobSpec = z.infer<typeof JobSpec>;
export type ResolvedSplitSpec = Filled<SplitSpec, "validation" | "test">;
export type JobSpecInput = z.input<typeof JobSpec>;
export type TaskSpec = z.infer<typeof TaskSpec>;
export type LossSpec = z.infer<typeof LossSpec>;
export type SplitSpec = z.infer<typeof SplitSpec>;
export type EarlyStopping = z.infer<typeof EarlyStopping>;
export type TrainingSpec = z.infer<typeof TrainingSpec>;
export type BaseSpec = z.infer<typeof BaseSpec>;
export type ResourcesSpec = z.infer<typeof ResourcesSpec>;

/** The spec with every default filled in, as the job's record shows it and the trainer runs it. Parses again to itself. */
export type ResolvedJobSpec = Filled<JobSpec, "name" | "model" | "loss" | "optimizer"> & {
  optimizer: OptimizerSpec & { learningRate: number };
  training: Filled<TrainingSpec, "epochs" | "batchSize" | "earlyStopping" | "l2" | "penaltySearch"> & {
    split: ResolvedSplitSpec;
    penaltySearch: false | ResolvedPenaltySearch;
  };
  resources: Filled<ResourcesSpec, "threads">;
};
