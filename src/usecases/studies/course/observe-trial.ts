import { orNull, ServiceError } from "../../../domain/errors.ts";
import type { JobId, TenantId } from "../../../domain/ids.ts";
import type { Job } from "../../../domain/jobs/job.ts";
import { poolOf } from "../../../domain/jobs/pool.ts";
import { limits } from "../../../domain/limits.ts";
import { objectiveMetricOf, resultsOf } from "../../../domain/studies/objective-metric.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import type { ObjectiveMetric } from "../../../domain/studies/study-spec.ts";
import type { Deps } from "../../deps.ts";
import { cancelJob } from "../../jobs/cancel-job.ts";
import { pauseJob } from "../../jobs/pause-job.ts";
import { enqueueJob } from "../../jobs/queue-entry.ts";
import { currentJob, scoresOfFolds, withNextRun, withValue } from "./runs.ts";
import { serviceCaller } from "./service-caller.ts";

export const jobOrNull = ({ jobs }: Pick<Deps, "jobs">, tenant: TenantId, id: JobId): Promise<Job | null> =>
  orNull(jobs.get(tenant, id));

/** What came too late changes nothing: the next look sees what the job has become. */
const unlessTooLate = async (act: () => Promise<unknown>): Promise<void> => {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof ServiceError) || !["forbidden_transition", "not_found"].includes(error.code)) throw error;
  }
};

/** The objective at the end of an epoch, from the job's curve. Null: it is not there. */
const valueAt = async (
  { jobs }: Deps,
  tenant: TenantId,
  { job, metric, epoch }: { job: JobId; metric: ObjectiveMetric; epoch: number },
): Promise<number | null> => {
  const points = await jobs.metrics(tenant, job, { afterStep: -1, limit: limits.metricPointsPerJob });
  return points.findLast((point) => point.epoch === epoch && metric in point.metrics)?.metrics[metric] ?? null;
};

const ended = (deps: Deps, study: Study, trial: Trial, job: Job): Trial => {
  const metric = objectiveMetricOf(study.spec);
  const times = { startedAt: trial.startedAt ?? job.startedAt, endedAt: job.endedAt };
  // Between two trainings it has no job under way.
  if (trial.state === "waiting" && trial.runs !== undefined) return { ...trial, ...times, state: "stopped" };
  if (job.state === "failed")
    return { ...trial, ...times, state: "failed", error: `${job.error?.code}: ${job.error?.message}` };
  if (job.state === "cancelled")
    return { ...trial, ...times, state: trial.state === "waiting" ? "stopped" : "cancelled" };
  const value = job.metrics[metric];
  if (value === undefined || !Number.isFinite(value))
    return { ...trial, ...times, state: "failed", model: job.model, error: `the job has no ${metric}` };
  const epochs = job.metrics.epochs ?? trial.epochs;
  if (trial.runs !== undefined) return afterRun(deps, study, { ...trial, startedAt: times.startedAt }, { value, job });
  return { ...trial, ...times, state: "succeeded", model: job.model, objective: value, epochs };
};

/** One of several trainings is over: the next follows, or a comparison, or the trial has come to its end. */
const afterRun = (deps: Deps, study: Study, before: Trial, result: { value: number; job: Job }): Trial => {
  const trial = withValue(study, before, result);
  const done = trial.runs?.length ?? 0;
  const epochs = result.job.metrics.epochs ?? trial.epochs;
  const isLast = done >= resultsOf(study.spec);
  const compares = !isLast && study.spec.pruner.type === "racing" && done >= study.spec.pruner.first;
  const rung = { epochs: done, value: trial.objective!, at: deps.now().toISOString() };
  const reached = compares ? [...trial.reached, rung] : trial.reached;
  const seen = { ...trial, epochs, reached, rung: reached.length };
  if (isLast) return { ...seen, state: "succeeded", endedAt: result.job.endedAt };
  return compares ? { ...seen, state: "waiting", epochs: done } : withNextRun(deps, seen);
};

/** A paused job: at its rung it waits; else it goes on, if the study does. */
const paused = async (deps: Deps, tenant: TenantId, study: Study, trial: Trial, { id }: Job): Promise<Trial> => {
  const reached = await deps.jobs.reachedEpoch(tenant, id);
  const { metric } = study.spec.objective;
  if (trial.pauseAtEpoch !== null && reached !== null && reached >= trial.pauseAtEpoch) {
    const folds = await deps.jobs.reachedFolds(tenant, id);
    const value =
      folds === null
        ? await valueAt(deps, tenant, { job: id, metric, epoch: reached })
        : (folds.metrics[objectiveMetricOf(study.spec)] ?? null);
    const scores = folds === null ? null : scoresOfFolds(metric, folds);
    // Without a value it cannot be compared, and so it trains on to its end.
    if (value === null || (folds !== null && scores === null)) return { ...trial, pauseAtEpoch: null };
    // With all its folds it is what others are compared with: it goes on to its model at once.
    if (scores !== null && scores.length >= resultsOf(study.spec))
      return { ...trial, objective: value, scores, pauseAtEpoch: null };
    const rungs = [
      ...trial.reached.filter(({ epochs }) => epochs < reached),
      { epochs: reached, value, at: deps.now().toISOString() },
    ];
    const at = { objective: value, epochs: reached, rung: rungs.length, reached: rungs };
    return { ...trial, ...at, state: "waiting", ...(scores === null ? {} : { scores }) };
  }
  if (study.state === "running") {
    const at = deps.now().toISOString();
    await unlessTooLate(async () => {
      const { job, place } = await deps.jobs.promote(tenant, id, trial.pauseAtEpoch, at);
      if (job.state === "queued") await enqueueJob(deps, tenant, job, { place, pool: poolOf(job.spec.resources) });
    });
  }
  return trial;
};

/**
 * What has become of a trial, and what the study's state asks of its job: idempotent requests, repeated at every look until the
 * record shows their effect. The same trial if nothing is new.
 */
export const observeTrial = async (
  deps: Deps,
  tenant: TenantId,
  study: Study,
  trial: Trial,
  job: Job,
): Promise<Trial> => {
  const caller = serviceCaller(tenant);
  if (job.done) return ended(deps, study, trial, job);
  if (study.state === "cancelling") {
    await unlessTooLate(() => cancelJob(deps, caller, { id: job.id }));
    return trial;
  }
  if (trial.state === "waiting") return trial;
  if (job.state === "paused") return paused(deps, tenant, study, trial, job);
  if ((study.state === "pausing" || study.state === "paused") && job.state !== "pausing")
    await unlessTooLate(() => pauseJob(deps, caller, { id: job.id }));
  const startedAt = trial.startedAt ?? job.startedAt;
  return startedAt === trial.startedAt && trial.submitted ? trial : { ...trial, startedAt, submitted: true };
};

/** Takes a trial that was not among the best out of the study; its curve stays. */
export const stopTrial = (deps: Deps, tenant: TenantId, trial: Pick<Trial, "job" | "runs">): Promise<void> =>
  unlessTooLate(() => cancelJob(deps, serviceCaller(tenant), { id: currentJob(trial) }));
