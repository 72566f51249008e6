import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { createId, type JobId, modelIdOfJob, type TenantId } from "../../src/domain/ids.ts";
import type { Job, MetricPoint, Plan } from "../../src/domain/jobs/job.ts";
import { resolveSpec } from "../../src/domain/jobs/spec/defaults.ts";
import { JobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { Study } from "../../src/domain/studies/study.ts";
import { StudySpec } from "../../src/domain/studies/study-spec.ts";
import type { Fence, NewJob } from "../../src/store/job-store.ts";

/** Records as the service makes them, small. */

const column = (name: string) =>
  ({
    name,
    type: "number",
    missing: 0,
    distinct: null,
    minimum: 0,
    maximum: 1,
    mean: 0,
    standardDeviation: 1,
  }) as const;

let clock = Date.UTC(2026, 0, 1);
/** Each later than the one before, by a millisecond: ids are then in the order of their making. */
export const tick = (): string => new Date(++clock).toISOString();

export const newDataset = (): Dataset => ({
  ...{ id: createId("ds", ++clock), name: "points", format: "csv", bytes: 10, sha256: "0".repeat(64), rows: 100 },
  columns: [
    column("x"),
    {
      name: "y",
      type: "category",
      missing: 0,
      distinct: 2,
      categories: [
        { value: "a", count: 50 },
        { value: "b", count: 50 },
      ],
    },
  ],
  createdAt: new Date(clock).toISOString(),
});

const plan: Plan = {
  ...{ parameters: 10, memoryBytes: 1000, flopsPerStep: 100, stepsPerEpoch: 1, steps: 10, threads: 1 },
  ...{ estimatedSeconds: 0.1, warnings: [] },
};

export interface NewJobOptions {
  priority?: number;
  base?: string;
  idempotency?: NewJob["idempotency"];
  queuedJobs?: number;
  webhook?: string;
}

export const newJob = (tenant: TenantId, dataset: Dataset, requests: NewJobOptions = {}): NewJob => {
  const parsed = JobSpec.parse({
    dataset: dataset.id,
    task: { type: "classification", label: "y" },
    resources: { priority: requests.priority ?? 0 },
    ...(requests.webhook === undefined ? {} : { webhook: { url: requests.webhook } }),
  });
  const spec = resolveSpec(parsed, dataset, null, 1);
  return {
    tenant,
    id: createId("job", ++clock),
    spec: requests.base === undefined ? spec : { ...spec, base: { model: requests.base, freeze: [], newHead: false } },
    plan,
    createdAt: new Date(clock).toISOString(),
    idempotency: requests.idempotency ?? null,
    quota: requests.queuedJobs === undefined ? null : { queuedJobs: requests.queuedJobs },
  };
};

export const modelOf = (job: Job): Model => ({
  ...{ id: modelIdOfJob(job.id), name: job.spec.name, job: job.id, dataset: job.spec.dataset, base: null },
  ...{ task: job.spec.task, spec: job.spec, parameters: 10, metrics: {}, digest: `sha256:${"0".repeat(64)}` },
  preprocessing: { features: [], label: { type: "none" }, inputs: 1, outputs: 2 },
  createdAt: tick(),
});

export const checkpointAt = ({ job, attempt }: Fence, step: number) => ({
  ...{ key: `t/jobs/${job}/checkpoints/${step}-${attempt}.ckpt`, sha256: "0".repeat(64), step, attempt, at: tick() },
});

export const pointAt = (step: number, trainLoss = 1 / (step + 1)): MetricPoint => ({
  ...{ epoch: step, step, seconds: step / 10, learningRate: 0.01, gradientNorm: 1, trainLoss, metrics: {}, layers: [] },
});

export const fenceOf = (tenant: TenantId, job: JobId, attempt: number): Fence => ({ tenant, job, attempt });

export const failure = { code: "diverged", message: "the loss is not finite", hint: "lower the learning rate" };

export const newStudy = (dataset: Dataset, webhook?: string): Study => {
  const spec = StudySpec.parse({
    job: { dataset: dataset.id, task: { type: "classification", label: "y" } },
    ...(webhook === undefined ? {} : { webhook: { url: webhook } }),
  });
  const counts = { trials: 0, running: 0, waiting: 0, succeeded: 0, stopped: 0, failed: 0, cancelled: 0 };
  const createdAt = tick();
  return {
    ...{ id: createId("std", ++clock), name: "points study", state: "running", done: false, progress: 0 },
    spec: {
      ...{ ...spec, name: "points study", space: {}, pruner: { type: "none" } },
      objective: { metric: "validationLoss", direction: "minimize" },
    },
    ...{ epochs: 10, best: null, counts, final: null, guesses: [], createdAt, endedAt: null, error: null },
    history: [{ state: "running", at: createdAt, reason: "submitted", attempt: 0 }],
  };
};
