import type { JobId, TenantId } from "../../domain/ids.ts";
import type { Job } from "../../domain/jobs/job.ts";
import { poolOf, queueNameOf } from "../../domain/jobs/pool.ts";
import { within } from "../../domain/observing/tracing.ts";
import type { Origin } from "../../domain/trace.ts";
import type { NewJob } from "../../store/job-store.ts";
import { quotasOf } from "../access/quotas-of.ts";
import { type Caller, originOf } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";

/**
 * Puts a recorded job into the queue. The record is what was promised: when the queue does not answer, the reconciler
 * enqueues the job later, so this reports the failure and does not reject.
 */
export const enqueueJob = async (
  deps: Deps,
  tenant: TenantId,
  job: Pick<Job, "id">,
  { place, pool, isNew = false }: { place: number; pool: string; isNew?: boolean },
): Promise<void> => {
  try {
    await deps.queue.add({ tenant, job: job.id }, { place, pool, isNew });
  } catch (error) {
    deps.log.warn(
      { tenant, job: job.id, err: error },
      "the job is recorded but not yet queued; the reconciler will do it",
    );
  }
};

/** The same of many that are new, in one write. */
export const enqueueJobs = async (
  deps: Deps,
  tenant: TenantId,
  jobs: readonly { id: JobId; place: number; pool: string }[],
): Promise<void> => {
  if (jobs.length === 0) return;
  try {
    await deps.queue.addAll(jobs.map(({ id, place, pool }) => ({ tenant, job: id, place, pool })));
  } catch (error) {
    deps.log.warn(
      { tenant, jobs: jobs.length, err: error },
      "jobs are recorded but not yet queued; the reconciler will do it",
    );
  }
};

/** Records a job durably, within the tenant's quota, and queues it. Once this resolves, the job is not lost. */
export const recordJob = async (
  deps: Deps,
  { tenant, tell, quotas }: Pick<Caller, "tenant" | "tell" | "quotas">,
  wanted: Omit<NewJob, "tenant" | "createdAt" | "quota">,
): Promise<{ job: Job; created: boolean }> => {
  const { queuedJobs } = await quotasOf(deps, tenant, quotas);
  const quota = queuedJobs === null ? null : { queuedJobs };
  const createdAt = deps.now().toISOString();
  const { job, created, place, waiting } = await deps.jobs.create({ ...wanted, tenant, createdAt, quota });
  if (queuedJobs !== null && waiting !== undefined)
    tell?.({ name: "queued-jobs", quota: queuedJobs, remaining: queuedJobs - waiting });
  const pool = poolOf(job.spec.resources);
  if (job.state === "queued") await enqueueJob(deps, tenant, job, { place, pool, isNew: created });
  return { job, created };
};

/** Records and queues what a caller submits. Its attempts go on from the span that this makes: the record carries it to the trainers. */
export const recordSubmitted = async (
  deps: Deps,
  caller: Caller,
  wanted: Omit<NewJob, "tenant" | "createdAt" | "quota" | "origin">,
): Promise<{ job: Job; created: boolean }> => {
  const sent = { "messaging.message.id": wanted.id, "descent.job.id": wanted.id };
  return sending(caller, [poolOf(wanted.spec.resources)], sent, (origin) =>
    recordJob(deps, caller, { ...wanted, ...origin }),
  );
};

/**
 * Records and queues in a span of its own, from which the jobs' attempts go on.
 * @param pools whose queues they go to: that of several has no name
 */
export const sending = async <T>(
  caller: Caller,
  pools: readonly string[],
  attributes: Record<string, string | number>,
  record: (origin: { origin?: Origin }) => Promise<T>,
): Promise<T> => {
  const { origin } = originOf(caller);
  const [queue, ...others] = new Set(pools.map(queueNameOf));
  const destination = others.length === 0 ? queue : undefined;
  const span = caller.span?.child(destination === undefined ? "send" : `send ${destination}`, {
    kind: "producer",
    attributes: {
      "messaging.system": "bullmq",
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      ...(destination === undefined ? {} : { "messaging.destination.name": destination }),
      ...attributes,
    },
  });
  if (span === undefined || span.traceparent === null || origin === undefined) return record(originOf(caller));
  const { traceparent } = span;
  return within(span, () => record({ origin: { ...origin, traceparent } }));
};

/** Takes a job that must not run now out of the queue. An entry that stays costs a trainer one look: it finds nothing to claim. */
export const dequeueJob = async (deps: Deps, tenant: TenantId, job: Job): Promise<void> => {
  try {
    await deps.queue.remove({ job: job.id, pool: poolOf(job.spec.resources) });
  } catch (error) {
    deps.log.warn({ tenant, job: job.id, err: error }, "the job's entry could not be taken out of the queue");
  }
};
