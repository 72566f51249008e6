import type { Job, JobEvent, MetricPoint } from "../domain/jobs/job.ts";
import { limits } from "../domain/limits.ts";
import type { Caller } from "../usecases/admission/caller.ts";
import type { Deps } from "../usecases/deps.ts";
import { listJobEvents } from "../usecases/jobs/list-job-events.ts";
import { listJobMetrics } from "../usecases/jobs/list-job-metrics.ts";
import { seconds } from "./wire.ts";

/** The events that are kept, oldest first: a thousand at most. */
const readEvents = async (deps: Deps, caller: Caller, id: string): Promise<JobEvent[]> => {
  const events: JobEvent[] = [];
  for (let after: string | undefined; ; ) {
    const page = await listJobEvents(deps, caller, { id, limit: limits.eventsPerJob, ...(after ? { after } : {}) });
    events.push(...page.items);
    if (page.nextAfter === null) return events;
    after = page.nextAfter;
  }
};

const readPoints = async (deps: Deps, caller: Caller, id: string): Promise<MetricPoint[]> =>
  (await listJobMetrics(deps, caller, { id, limit: limits.metricPointsPerJob })).items;

/** A part of a list that is held whole, newest first, from the entry after the one that the reader has. */
export const partOf = <T extends { id: string }>(
  all: readonly T[],
  { after, limit }: { after?: string | undefined; limit: number },
): { data: T[]; more: boolean } => {
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  return { data: all.slice(start, start + limit), more: all.length > start + limit };
};

const toEvent = (event: JobEvent, index: number) => ({
  // One that is not of the log has no id of its own.
  id: `ftevent-${event.id === "" ? `notice-${index}` : event.id}`,
  object: "fine_tuning.job.event",
  created_at: seconds(event.at),
  level: event.level,
  message: event.message,
  type: event.type === "progress" ? "metrics" : "message",
  data: event.type === "progress" ? toMetrics(event.data) : event.data,
});

const toMetrics = (values: Readonly<Record<string, unknown>>) => ({
  ...(values.step === undefined ? {} : { step: values.step }),
  ...(values.trainLoss === undefined ? {} : { train_loss: values.trainLoss }),
  ...(values.validationLoss === undefined ? {} : { valid_loss: values.validationLoss }),
  ...(values.validationAccuracy === undefined ? {} : { full_valid_mean_token_accuracy: values.validationAccuracy }),
});

/** Newest first, as OpenAI has them. */
export const fineTuningEvents = async (deps: Deps, caller: Caller, id: string) =>
  (await readEvents(deps, caller, id)).map(toEvent).reverse();

const pointMetrics = (point: MetricPoint | undefined) =>
  point === undefined ? {} : toMetrics({ ...point.metrics, step: point.step, trainLoss: point.trainLoss });

/** What the job could go on from, newest first; the last is the model itself. */
export const fineTuningCheckpoints = async (deps: Deps, caller: Caller, job: Job) => {
  const points = await readPoints(deps, caller, job.id);
  const checkpoint = (id: string, at: string, step: number, model: string) => ({
    id: `ftckpt-${id}`,
    object: "fine_tuning.job.checkpoint",
    created_at: seconds(at),
    fine_tuning_job_id: job.id,
    fine_tuned_model_checkpoint: model,
    step_number: step,
    metrics: pointMetrics(points.findLast((point) => point.step <= step)),
  });
  const written = (await readEvents(deps, caller, job.id))
    .filter(({ type }) => type === "checkpoint")
    .map(({ id, at, data }) => checkpoint(id, at, Number(data.step), `${job.id}:ckpt-step-${Number(data.step)}`));
  const end = points.at(-1)?.step ?? job.plan.steps;
  const last = job.model === null ? [] : [checkpoint(job.id, job.endedAt ?? job.createdAt, end, job.model)];
  return [...written, ...last].reverse();
};

/** The curve as CSV, as OpenAI's result files have it. */
export const resultFile = async (deps: Deps, caller: Caller, job: string): Promise<string> => {
  const points = await readPoints(deps, caller, job);
  const lines = points.map(({ step, trainLoss, metrics }) => `${step},${trainLoss},${metrics.validationLoss ?? ""}`);
  return `${["step,train_loss,valid_loss", ...lines].join("\n")}\n`;
};
