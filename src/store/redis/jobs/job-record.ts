import { assert } from "../../../domain/errors.ts";
import type { StudyId, TenantId } from "../../../domain/ids.ts";
import type { HistoryEntry, Job } from "../../../domain/jobs/job.ts";
import { isDone, JobState } from "../../../domain/jobs/job-state.ts";
import { DEFAULT_POOL, poolOf } from "../../../domain/jobs/pool.ts";
import type { CheckpointRecord, NewJob, Trial } from "../../job-store.ts";

/** What the scripts answer of a job: its hash as field, value, field, value …, and its history's entries as JSON. */
export type RawJob = readonly [fields: readonly string[], history: readonly string[]];

export interface JobRecord {
  job: Job;
  crashes: number;
  checkpoints: CheckpointRecord[];
  place: number;
  /** That it is a trial of. */
  study: StudyId | null;
  trial: Trial | null;
}

const LONGEST_SECONDS = 1e9;

/** As the scripts take it: '' for the default one. */
export const poolField = (pool: string): string => (pool === DEFAULT_POOL ? "" : pool);

/** The hash's fields of a new job; what is not listed is absent until it is known. `tracked`: a tracking server is told of jobs that train. */
export const toFields = (
  { tenant, id, spec, plan, prediction, createdAt, study, origin }: NewJob,
  { tracked }: { tracked: boolean },
): Record<"tenant" | "dataset" | "base" | "priority" | "plannedMs", string> & Record<string, string> => ({
  id,
  tenant,
  state: "queued",
  attempt: "0",
  progress: "0",
  crashes: "0",
  progressStep: "0",
  priority: String(spec.resources.priority),
  ...(poolOf(spec.resources) === DEFAULT_POOL ? {} : { pool: poolOf(spec.resources) }),
  dataset: spec.dataset,
  base: spec.base?.model ?? "",
  createdAt,
  ...(spec.webhook === undefined ? {} : { webhook: "0" }),
  ...(tracked && prediction === undefined ? { run: "0" } : {}),
  ...(study === undefined ? {} : { study: study.id, pauseAtEpoch: String(study.pauseAtEpoch ?? "") }),
  spec: JSON.stringify(spec),
  plan: JSON.stringify(plan),
  plannedMs: String(Math.ceil(Math.min(plan.estimatedSeconds, LONGEST_SECONDS) * 1000)),
  ...(prediction === undefined ? {} : { prediction: JSON.stringify(prediction) }),
  ...(origin === undefined ? {} : { origin: JSON.stringify(origin) }),
  metrics: "{}",
  checkpoints: "[]",
});

/** A new job as it is read, without reading it: what `toFields` writes, and the first line of its history. */
export const toNewJob = ({ id, spec, plan, prediction, createdAt, origin }: NewJob, reason: string): Job => ({
  ...{ id, state: "queued", done: false, progress: 0, spec, plan },
  history: [{ state: "queued", at: createdAt, reason, attempt: 0 }],
  ...{ createdAt, startedAt: null, endedAt: null, attempt: 0, metrics: {}, model: null, error: null },
  ...(origin === undefined ? {} : { origin }),
  ...(prediction === undefined ? {} : { prediction }),
});

/** The same of a finished job that is recorded again from its manifest. */
export const toRestoredFields = (tenant: TenantId, job: Job): Record<string, string> => ({
  ...{ id: job.id, tenant, state: job.state, attempt: String(job.attempt), progress: String(job.progress) },
  ...{ crashes: "0", progressStep: "0", place: "1", priority: String(job.spec.resources.priority) },
  ...{ dataset: job.spec.dataset, base: job.spec.base?.model ?? "", createdAt: job.createdAt },
  ...(job.startedAt === null ? {} : { startedAt: job.startedAt }),
  ...(job.endedAt === null ? {} : { endedAt: job.endedAt }),
  ...(job.model === null ? {} : { model: job.model }),
  ...(job.prediction === undefined ? {} : { prediction: JSON.stringify(job.prediction) }),
  ...(job.origin === undefined ? {} : { origin: JSON.stringify(job.origin) }),
  ...(job.error === null ? {} : { error: JSON.stringify(job.error) }),
  ...{ spec: JSON.stringify(job.spec), plan: JSON.stringify(job.plan) },
  ...{ metrics: JSON.stringify(job.metrics), checkpoints: "[]" },
});

const toMap = (flat: readonly string[]): Map<string, string> => {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!);
  return fields;
};

export const numberOf = (text: string | null | undefined): number | null => (text ? Number(text) : null);

/** Records are written by this service only, so a field that is missing is a bug. */
export const parseRecord = ([flat, history]: RawJob): JobRecord => {
  const fields = toMap(flat);
  const field = (name: string): string => {
    const value = fields.get(name);
    assert(value !== undefined, `a job's record has ${name}`);
    return value;
  };
  const state = JobState.parse(field("state"));
  const error = fields.get("error");
  const prediction = fields.get("prediction");
  const origin = fields.get("origin");
  const job: Job = {
    id: field("id"),
    state,
    done: isDone(state),
    progress: Number(field("progress")),
    spec: JSON.parse(field("spec")),
    plan: JSON.parse(field("plan")),
    history: history.map((entry): HistoryEntry => JSON.parse(entry)),
    createdAt: field("createdAt"),
    startedAt: fields.get("startedAt") ?? null,
    endedAt: fields.get("endedAt") ?? null,
    attempt: Number(field("attempt")),
    metrics: JSON.parse(field("metrics")),
    model: fields.get("model") ?? null,
    error: error === undefined ? null : JSON.parse(error),
    ...(origin === undefined ? {} : { origin: JSON.parse(origin) }),
    ...(prediction === undefined ? {} : { prediction: JSON.parse(prediction) }),
  };
  return {
    job,
    crashes: Number(field("crashes")),
    checkpoints: JSON.parse(field("checkpoints")),
    place: Number(field("place")),
    study: fields.get("study") ?? null,
    trial: fields.has("study") ? { pauseAtEpoch: numberOf(fields.get("pauseAtEpoch")) } : null,
  };
};
