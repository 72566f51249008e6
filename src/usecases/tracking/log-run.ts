import { Readable } from "node:stream";
import { ServiceError } from "../../domain/errors.ts";
import { defaultTenant, type StudyId, type TenantId } from "../../domain/ids.ts";
import type { Job } from "../../domain/jobs/job.ts";
import type { DueRun, RunOutbox } from "../../store/run-outbox.ts";
import type { Mlflow, MlflowRun } from "../../tracking/mlflow.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { startOf } from "../event-files/job-events.ts";
import { logVerdict, type Verdict } from "../upkeep/verdict.ts";
import { jobTag, loggedOf, tagsOf } from "./run-content.ts";
import { filesOf, isMissing } from "./run-files.ts";

export interface TrackingDeps {
  deps: Deps;
  outbox: RunOutbox;
  mlflow: Mlflow;
  /** Of the default tenant; another's has its name behind it: `descent/acme`. */
  experiment: string;
  /** Pauses after the first failure, the second, …: after the last of them it is given up. */
  retryMs: readonly number[];
  /** For one attempt; a process that died with it has lost it then. */
  leaseMs: number;
  signal: AbortSignal;
}

const asOwner = (tenant: TenantId): Caller => ({ tenant, scopes: new Set(["read"]), key: null });

const statusOf = ({ state }: Job) =>
  state === "succeeded" ? "FINISHED" : state === "cancelled" ? "KILLED" : ("FAILED" as const);

/** Stores the files that there are; how many, and of which the server does not take any. */
const uploadAll = async ({ deps, mlflow }: TrackingDeps, tenant: TenantId, job: Job, run: MlflowRun) => {
  const stored: string[] = [];
  for (const { path, open } of filesOf(deps, asOwner(tenant), job)) {
    try {
      const body = await open();
      const outcome = await mlflow.upload(run, path, body);
      if (outcome === "stored") stored.push(path);
      else {
        if (body instanceof Readable) body.destroy();
        return { stored, elsewhere: true };
      }
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return { stored, elsewhere: false };
};

interface Ended {
  job: Job;
  study: StudyId | null;
}

/** The job as a run: found by its tag if an earlier attempt came so far, so that there is one however often this is begun. */
const toRun = async (tracking: TrackingDeps, tenant: TenantId, { job, study }: Ended) => {
  const { mlflow } = tracking;
  const name = tenant === defaultTenant ? tracking.experiment : `${tracking.experiment}/${tenant}`;
  const experiment = await mlflow.experiment(name);
  const found = await mlflow.findRun(experiment, { key: jobTag, value: job.id });
  const startMs = Math.round(1000 * startOf(job));
  const tags = tagsOf(tenant, job, study);
  const created = { experiment, name: job.spec.name, startMs, tags };
  const run = found ?? (await mlflow.createRun(created));
  await mlflow.log(run.id, await loggedOf(tracking.deps, tenant, job, tags));
  const { stored, elsewhere } = await uploadAll(tracking, tenant, job, run);
  await mlflow.end(run.id, statusOf(job), Date.parse(job.endedAt ?? job.createdAt));
  return { run: run.id, experiment: name, files: stored.length, elsewhere };
};

const attempt = async (tracking: TrackingDeps, tenant: TenantId, ended: Ended, failures: number): Promise<Verdict> => {
  try {
    const { elsewhere, ...data } = await toRun(tracking, tenant, ended);
    const without = elsewhere ? "; without files, since the server does not take them (--serve-artifacts)" : "";
    const message = `the job is run ${data.run} of MLflow's experiment "${data.experiment}"${without}`;
    return { event: { level: "info", type: "run_logged", message, data }, laterMs: null };
  } catch (error) {
    // Redis or the artifact store is away: that is not held against anyone.
    if (!(error instanceof Error) || (error instanceof ServiceError && error.code === "unavailable")) throw error;
    const [pauseMs, data] = [tracking.retryMs[failures], { attempt: failures + 1 }];
    if (pauseMs === undefined) {
      const message = `MLflow does not have the job: given up after ${failures + 1} attempts: ${error.message}`;
      return { event: { level: "error", type: "run_given_up", message, data }, laterMs: null };
    }
    const nextAt = new Date(tracking.deps.now().getTime() + pauseMs).toISOString();
    const message = `MLflow does not have the job yet: ${error.message}`;
    return { event: { level: "warn", type: "run_failed", message, data: { ...data, nextAt } }, laterMs: pauseMs };
  }
};

/** Tells of one job, if it is due and nobody else does. What came of it is an event of the job. */
export const logRun = async (tracking: TrackingDeps, due: DueRun): Promise<void> => {
  const { deps, outbox, leaseMs, signal } = tracking;
  const nowMs = deps.now().getTime();
  const taken = await outbox.take(due, nowMs, nowMs + leaseMs);
  if (taken === null) return;
  try {
    const verdict = await attempt(tracking, due.tenant, taken, taken.failures);
    const { event, laterMs } = verdict;
    // Stopped by us, not refused by the server.
    if (signal.aborted && laterMs !== null) return await outbox.giveBack(due);
    const at = deps.now();
    await outbox.note(due, { ...event, at: at.toISOString() }, laterMs === null ? null : at.getTime() + laterMs);
    logVerdict(deps.log, { tenant: due.tenant, job: due.id }, verdict);
  } catch (error) {
    await outbox.giveBack(due).catch(() => undefined);
    throw error;
  }
};
