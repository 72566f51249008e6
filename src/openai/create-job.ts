import { z } from "zod";
import type { Dataset } from "../domain/datasets/dataset.ts";
import { exactRecord } from "../domain/exact-record.ts";
import { defaultLearningRate, defaultOptimizer } from "../domain/jobs/spec/default-training.ts";
import type { JobSpecInput } from "../domain/jobs/spec/job-spec.ts";
import { ModelSpec } from "../domain/jobs/spec/model-spec.ts";
import { parse } from "../usecases/admission/parse.ts";
import { refuse } from "./errors.ts";

const auto = z.literal("auto");
const Hyperparameters = z.object({
  n_epochs: z.union([auto, z.int().min(1)]).optional(),
  batch_size: z.union([auto, z.int().min(1)]).optional(),
  learning_rate_multiplier: z.union([auto, z.number().positive()]).optional(),
});

const CreateJob = z.object({
  model: z.string().min(1),
  training_file: z.string().min(1),
  validation_file: z.string().nullish(),
  suffix: z.string().min(1).max(64).nullish(),
  seed: z.int().min(0).nullish(),
  metadata: exactRecord(z.string(), z.string()).nullish(),
  hyperparameters: Hyperparameters.nullish(),
  method: z
    .object({
      type: z.string(),
      supervised: z.object({ hyperparameters: Hyperparameters.nullish() }).nullish(),
    })
    .nullish(),
  integrations: z.array(z.unknown()).nullish(),
});
export type CreateJob = z.infer<typeof CreateJob>;

/** The body as OpenAI's clients send it. What this service has no word for is refused rather than passed over. */
export const parseCreateJob = (body: unknown): CreateJob => {
  const asked = parse(CreateJob, body);
  if (asked.validation_file)
    refuse(
      "/validation_file",
      "leave it out: a part of the training file is held out for that, as training.split says",
    );
  if (asked.method && asked.method.type !== "supervised")
    refuse("/method/type", 'must be "supervised"; the others are for language models');
  if (asked.integrations && asked.integrations.length > 0)
    refuse("/integrations", "must be empty: none is supported here");
  return asked;
};

const modelTypes = new Set(ModelSpec.options.map(({ shape }): string => [...shape.type.values][0] ?? ""));

/** `auto`, a type of model (`mlp`, `softmax`, …), or a model or alias whose weights to start from. */
const modelOf = (model: string): Pick<JobSpecInput, "model" | "base"> => {
  if (model === "auto") return {};
  if (modelTypes.has(model)) return { model: { type: model } as NonNullable<JobSpecInput["model"]> };
  return { base: { model } };
};

const taskOf = (metadata: Record<string, string>, { columns }: Dataset): JobSpecInput["task"] => {
  const { task, label } = metadata;
  if (task !== undefined && task !== "classification" && task !== "regression") return { type: task as "clustering" };
  if (label === undefined) {
    const names = columns.slice(0, 20).map(({ name }) => name);
    refuse("/labels/label", `name the column to predict, as metadata.label: ${names.join(", ")}`);
  }
  const column = columns.find(({ name }) => name === label);
  return { type: task ?? (column?.type === "number" ? "regression" : "classification"), label: label ?? "" };
};

/** A JobSpec that means what was asked for. The label, and the task where it is not the label's, come in the metadata, which become the job's labels. */
export const toJobSpec = (asked: CreateJob, dataset: Dataset): JobSpecInput => {
  const metadata = asked.metadata ?? {};
  const { n_epochs, batch_size, learning_rate_multiplier } = {
    ...asked.hyperparameters,
    ...asked.method?.supervised?.hyperparameters,
  };
  const chosen = modelOf(asked.model);
  const optimizer = defaultOptimizer();
  const rate = typeof learning_rate_multiplier === "number" ? learning_rate_multiplier : null;
  return {
    ...chosen,
    dataset: dataset.id,
    task: taskOf(metadata, dataset),
    training: {
      ...(typeof n_epochs === "number" ? { epochs: n_epochs } : {}),
      ...(typeof batch_size === "number" ? { batchSize: batch_size } : {}),
      ...(typeof asked.seed === "number" ? { seed: asked.seed } : {}),
    },
    ...(rate === null
      ? {}
      : {
          optimizer: { ...optimizer, learningRate: rate * defaultLearningRate(optimizer, chosen.base !== undefined) },
        }),
    ...(asked.suffix ? { name: asked.suffix } : {}),
    labels: metadata,
  };
};
