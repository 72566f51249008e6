import type { Dataset } from "../domain/datasets/dataset.ts";
import type { Job } from "../domain/jobs/job.ts";
import type { JobState } from "../domain/jobs/job-state.ts";
import { defaultLearningRate } from "../domain/jobs/spec/default-training.ts";
import { type AnyModel, isImported } from "../domain/models/model.ts";

/** Times are in Unix seconds. */
export const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);
const secondsOrNull = (time: string | null): number | null => (time === null ? null : seconds(time));

export const toList = <T extends { id: string }>(data: readonly T[], more: boolean) => ({
  object: "list",
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: more,
});

export const toFile = ({ id, name, bytes, createdAt }: Dataset) => ({
  ...{ id, object: "file", bytes, created_at: seconds(createdAt), filename: name, purpose: "fine-tune" },
  ...{ status: "processed", expires_at: null, status_details: null },
});

/** They know no pause: what waits is queued, what is on its way to something else runs. */
const statuses: Record<JobState, string> = {
  ...{ queued: "queued", paused: "queued", running: "running", pausing: "running", cancelling: "running" },
  ...{ succeeded: "succeeded", failed: "failed", cancelled: "cancelled" },
};

/** Rows that training went over, in place of tokens; null while it runs, and where a batch is all of them. */
const seenRows = ({ state, spec, plan }: Job): number | null => {
  const { batchSize, epochs } = spec.training;
  return state === "succeeded" && batchSize !== "full" ? plan.stepsPerEpoch * batchSize * epochs : null;
};

/** Of the rate that the optimizer has by itself. */
const multiplierOf = ({ spec: { optimizer, base } }: Job): number | "auto" => {
  const multiplier = optimizer.learningRate / defaultLearningRate(optimizer, base !== undefined);
  return multiplier === 1 ? "auto" : multiplier;
};

export const resultFileId = (job: string): string => `res_${job.slice("job_".length)}`;

export const toFineTuningJob = (job: Job, tenant: string) => {
  const { spec, error } = job;
  const hyperparameters = {
    n_epochs: spec.training.epochs,
    batch_size: spec.training.batchSize === "full" ? "auto" : spec.training.batchSize,
    learning_rate_multiplier: multiplierOf(job),
  };
  return {
    id: job.id,
    object: "fine_tuning.job",
    model: spec.base?.model ?? spec.model.type,
    created_at: seconds(job.createdAt),
    finished_at: secondsOrNull(job.endedAt),
    fine_tuned_model: job.model,
    organization_id: tenant,
    status: statuses[job.state],
    hyperparameters,
    training_file: spec.dataset,
    validation_file: null,
    result_files: job.state === "succeeded" ? [resultFileId(job.id)] : [],
    trained_tokens: seenRows(job),
    error: error === null ? null : { code: error.code, message: `${error.message}; ${error.hint}`, param: null },
    seed: spec.training.seed,
    estimated_finish: null,
    integrations: [],
    method: { type: "supervised", supervised: { hyperparameters } },
    metadata: spec.labels,
  };
};

export const toModel = (model: AnyModel, tenant: string) => ({
  id: model.id,
  object: "model",
  created: seconds(model.createdAt),
  owned_by: isImported(model) ? (model.licence ?? tenant) : tenant,
});
