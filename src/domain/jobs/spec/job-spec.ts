import { z } from "zod";
import { exactRecord } from "../../exact-record.ts";
import { DatasetId } from "../../ids.ts";
import { limits } from "../../limits.ts";
import { PoolName } from "../pool.ts";
import { BaseSpec } from "./base/base-spec.ts";
import { Effort } from "./effort/effort-spec.ts";
import type { HeldOut } from "./folds/cross-validation-spec.ts";
import { ModelSpec } from "./model-spec.ts";
import { OptimizerSpec } from "./optimizer-spec.ts";
import type { ResolvedLearningCurve } from "./parts/learning-curve-spec.ts";
import { LossSpec } from "./parts/loss-spec.ts";
import { ThresholdSpec } from "./parts/threshold-spec.ts";
import { type SplitSpec, TrainingSpec } from "./parts/training-spec.ts";
import type { ResolvedPenaltySearch } from "./penalty-search.ts";
import { PreprocessingSpec } from "./preprocessing-spec.ts";
import { WebhookSpec } from "./webhook-spec.ts";

const label = z
  .string()
  .min(1)
  .max(limits.nameLength)
  .describe("The column to predict. Rows without a value in it are left out.");
const features = z
  .array(z.string().min(1).max(limits.nameLength))
  .min(1)
  .max(limits.columns)
  .optional()
  .describe(
    "The columns to learn from, in any order. Left out: the image of a data set of images, of others every column but the label, the weight, the exposure and those in `exclude`; columns of free text are then left out with a warning.",
  );

const exclude = z
  .array(z.string().min(1).max(limits.nameLength))
  .min(1)
  .max(limits.columns)
  .optional()
  .describe(
    "Columns not to learn from, of the features or else of all; the record lists the features that are left. Left out: none.",
  );

const weight = z
  .string()
  .min(1)
  .max(limits.nameLength)
  .optional()
  .describe(
    "A number column w ≥ 0 of how much each row counts: losses, metrics and the report are Σ w·ℓ / Σ w, and coefficients that are solved have the errors of precision weights (R's `weights`: var y = φ·V(μ)/w). No feature; predictions do not need it; a row of weight 0 does not count. Left out: each row counts once.",
  );

const exposure = z
  .string()
  .min(1)
  .max(limits.nameLength)
  .optional()
  .describe(
    "A number column e > 0 of what each count was observed over (time, area, people): its rate is e·e^z, z the model's output, and answers are so many times e. Of the losses `poisson_nll`, which is then the default, `negative_binomial_nll` and `gamma_nll` (sums over e). No feature; predictions need it. Left out: 1 for every row.",
  );
const offset = z
  .string()
  .min(1)
  .max(limits.nameLength)
  .optional()
  .describe(
    "The logarithm of an exposure: a number column o that is added to the logarithm of a count's rate, with the coefficient 1. Otherwise as `exposure`. Left out: 0 for every row.",
  );

export const TaskSpec = z
  .discriminatedUnion("type", [
    z
      .strictObject({
        ...{ type: z.literal("classification"), label, features, exclude, weight },
        threshold: ThresholdSpec.optional().describe(
          "The probability from which on the second of two classes is the answer. Left out: the likelier class is.",
        ),
      })
      .meta({ id: "ClassificationTask", title: "Classification", description: "Predict a row's class." }),
    z
      .strictObject({ type: z.literal("regression"), label, features, exclude, weight, exposure, offset })
      .meta({ id: "RegressionTask", title: "Regression", description: "Predict a number." }),
    z
      .strictObject({ type: z.literal("clustering"), features, exclude })
      .meta({ id: "ClusteringTask", title: "Clustering", description: "Group rows that are alike, without a label." }),
    z.strictObject({ type: z.literal("density_estimation"), features, exclude }).meta({
      id: "DensityTask",
      title: "Density estimation",
      description: "How likely a row is: the logarithm of its density under a mixture.",
    }),
    z.strictObject({ type: z.literal("reconstruction"), features, exclude }).meta({
      id: "ReconstructionTask",
      title: "Reconstruction",
      description:
        "An autoencoder: the features are their own label, and a row that is badly reconstructed is unusual.",
    }),
  ])
  .meta({ id: "TaskSpec", title: "Task", description: "What is to be learnt, from which columns." });

export const ResourcesSpec = z
  .strictObject({
    threads: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .describe("Threads at most; a plan too small to gain runs on one. The weights do not depend on it. Left out: 2."),
    memoryBytes: z
      .int()
      .min(1)
      .max(limits.jobMemoryBytes)
      .default(1024 ** 3)
      .describe("Bytes that the job may have; one whose plan needs more is refused at its submission."),
    maxSeconds: z
      .number()
      .positive()
      .max(30 * 24 * 3600)
      .default(3600)
      .describe("Seconds of computing after which the job fails with `max_seconds`."),
    priority: z.int().min(-100).max(100).default(0).describe("Among the tenant's waiting jobs the higher runs first."),
    pool: PoolName.optional().describe(
      "The trainers that may run the job: those whose label (`TRAINER_POOL`) this is. One that no trainer has ever had is refused. Left out: `default`, the pool of trainers without a label.",
    ),
    backend: z
      .enum(["wasm", "blas"])
      .default("wasm")
      .describe("Without effect, from an earlier version: every job has the same bits, by the fastest kernels there."),
  })
  .meta({ id: "ResourcesSpec", description: "What the job may use, and when it runs." });

/** What a user sends. Only `dataset` and `task` are required; unknown keys are errors. */
export const JobSpec = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(limits.nameLength)
      .optional()
      .describe("Shown in lists; the model gets it too. Left out: the data set's name and the task."),
    dataset: DatasetId.describe("The id of the data set to learn from."),
    task: TaskSpec,
    effort: Effort.optional().describe(
      "How much is computed for a better model of a table: `quick`, `good` or `best`; it chooses what the specification leaves out. Left out: `quick`.",
    ),
    model: ModelSpec.optional().describe(
      "What is trained. Left out: `mlp` for classification and regression (`cnn` on images), `k_means`, `gaussian_mixture` or `autoencoder` for the other tasks; with a base, the base's.",
    ),
    loss: LossSpec.optional(),
    optimizer: OptimizerSpec.optional().describe(
      "How weights are updated. Left out: `adam` whose learning rate falls along a cosine.",
    ),
    training: TrainingSpec.prefault({}),
    preprocessing: PreprocessingSpec.optional(),
    base: BaseSpec.optional(),
    resources: ResourcesSpec.prefault({}),
    labels: exactRecord(z.string().min(1).max(63), z.string().max(255))
      .refine((labels) => Object.keys(labels).length <= limits.labels, `must have at most ${limits.labels} entries`)
      .default({})
      .describe(`Names and values of your own, kept with the job; at most ${limits.labels}.`),
    webhook: WebhookSpec.optional(),
  })
  .meta({
    id: "JobSpec",
    description:
      "What to train, on what and how. Only `dataset` and `task` are required; what is left out is chosen, and the job's record shows how. Unknown keys are errors.",
  });

type Filled<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: Exclude<T[P], undefined> };

export type JobSpec = z.infer<typeof JobSpec>;
export type ResolvedSplitSpec = Filled<SplitSpec, "validation" | "test">;
export type JobSpecInput = z.input<typeof JobSpec>;
export type TaskSpec = z.infer<typeof TaskSpec>;
export type ResourcesSpec = z.infer<typeof ResourcesSpec>;

/** The spec with every default filled in, as the job's record shows it and the trainer runs it. Parses again to itself. */
export type ResolvedJobSpec = Filled<JobSpec, "name" | "model" | "loss" | "optimizer"> & {
  optimizer: OptimizerSpec & { learningRate: number };
  training: Omit<
    Filled<TrainingSpec, "epochs" | "batchSize" | "earlyStopping" | "l2" | "penaltySearch">,
    "learningCurve"
  > & {
    split: ResolvedSplitSpec;
    penaltySearch: false | ResolvedPenaltySearch;
    learningCurve?: ResolvedLearningCurve | undefined;
    /** Of one fit of a cross-validation, and never of a record: the rows that it does not see are its test split. */
    heldOut?: HeldOut;
    /** Of one fit of a learning curve, and never of a record: how often the training rows are halved. */
    part?: number;
    /** Of the fit after the measured one, and never of a record: every row trains, training ends after so many epochs, logits are divided by the temperature, and members have these shares. */
    everyRow?: { lastEpoch: number; temperature: number; shares?: readonly number[] };
    /** Of the model of all rows of a cross-validation, and never of a record: what rows prefer that their fold's model has not seen. */
    byFolds?: { temperature: number; gain: number; rows: number };
  };
  resources: Filled<ResourcesSpec, "threads">;
};
