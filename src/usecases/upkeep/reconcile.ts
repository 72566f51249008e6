import { orNull } from "../../domain/errors.ts";
import type { JobId, TenantId } from "../../domain/ids.ts";
import { startAttemptSpan } from "../../domain/jobs/attempt-span.ts";
import { isDone, type JobState } from "../../domain/jobs/job-state.ts";
import { poisonError } from "../../domain/jobs/poison.ts";
import type { Tracing } from "../../domain/observing/tracing.ts";
import type { UnfinishedJob } from "../../store/job-store.ts";
import type { Deps } from "../deps.ts";

const INTERVAL_MS = 2000;

type ReconcilerDeps = Pick<Deps, "jobs" | "queue" | "log" | "now"> & {
  /** Left out: nothing is traced. */
  tracing?: Tracing;
};

/** Of each, in one round: however many wait, a round takes no longer, and the next goes on where it ended. */
const AT_ONCE = 5000;

/** Where the next round goes on. */
export interface Position {
  queued: Pick<UnfinishedJob, "tenant" | "id"> | null;
  /** Of each pool. */
  entries: Readonly<Record<string, number>>;
}

const start: Position = { queued: null, entries: {} };

/**
 * Brings records and queue together again after a crash of anything: the records are what was promised, the queue only says who
 * is next. Safe in several processes at once, as each step is one compare-and-set of the store or idempotent in the queue.
 * Looks at all jobs that trainers hold, and from the position on at some thousands of those that wait and of the entries.
 *
 * After an outage of Redis all leases have ended, though the trainers live: `patient` leaves the jobs to them for this time.
 */
export const reconcile = async (deps: ReconcilerDeps, { patient = false, from = start } = {}): Promise<Position> => {
  const held = await deps.jobs.held();
  if (!patient) for (const job of held) if (job.leaseEnded) await reclaim(deps, job);
  const queued = await deps.jobs.queued(from.queued, AT_ONCE);
  await addMissing(deps, queued.jobs);
  const heldIds = new Set(held.map(({ id }) => id));
  const entries: Record<string, number> = {};
  for (const pool of await deps.jobs.pools()) {
    const { jobs, next } = await deps.queue.entries(from.entries[pool] ?? 0, AT_ONCE, pool);
    await removeUnwanted(deps, pool, jobs, heldIds);
    entries[pool] = next;
  }
  return { queued: queued.last, entries };
};

const stateOf = ({ jobs }: ReconcilerDeps, tenant: TenantId, id: JobId): Promise<JobState | null> =>
  orNull(jobs.state(tenant, id));

/** Entries for the queued jobs that have none. One that is recorded and queued meanwhile seems to lack one, and adding it again changes nothing. */
const addMissing = async (deps: ReconcilerDeps, queued: readonly UnfinishedJob[]): Promise<void> => {
  const wanted = new Map<JobId, UnfinishedJob>();
  for (const job of queued) {
    if (job.suspicion === "poison") await failPoison(deps, job);
    else wanted.set(job.id, job);
  }
  for (const pool of new Set(queued.map((job) => job.pool))) {
    const own = [...wanted.values()].filter((job) => job.pool === pool).map(({ id }) => id);
    for (const id of await deps.queue.missing(own, pool)) {
      const { tenant, place } = wanted.get(id)!;
      // It may have run since.
      if ((await stateOf(deps, tenant, id)) === "queued") await deps.queue.add({ tenant, job: id }, { place, pool });
    }
  }
};

/**
 * A job is recorded before it is queued, so what has an entry and no record that wants one will not get one: it was done or
 * paused while the queue was away, or is gone. One that is resumed right now lacks its entry until the next round.
 */
const removeUnwanted = async (
  deps: ReconcilerDeps,
  pool: string,
  entries: readonly JobId[],
  held: ReadonlySet<JobId>,
): Promise<void> => {
  for (const id of await deps.jobs.notWaiting(entries, pool)) {
    if (held.has(id)) continue;
    const tenant = await deps.queue.tenantOf(id, pool);
    if (tenant === null) continue;
    const state = await stateOf(deps, tenant, id);
    if (state === null || state === "paused" || isDone(state)) await deps.queue.remove({ job: id, pool });
  }
};

/** A job whose trainer is gone goes back to the queue, or to where its user requested it. */
const reclaim = async (deps: ReconcilerDeps, { tenant, id, attempt }: UnfinishedJob): Promise<void> => {
  const reason = "its trainer gave no heartbeat";
  const state = await deps.jobs.reclaim(tenant, id, attempt, reason, deps.now().toISOString());
  if (state === null) return;
  deps.log.warn({ tenant, job: id, attempt, state }, `job reclaimed: ${reason}`);
  if (deps.tracing === undefined) return;
  // Whoever ran it cannot tell of it any more.
  const span = startAttemptSpan(deps.tracing, tenant, await deps.jobs.get(tenant, id), attempt);
  span.set({ "descent.job.outcome": "lost" });
  span.fail(reason);
  span.end();
};

/** A job that crashed again and again, at last with nothing beside it, must not run any more. */
const failPoison = async (deps: ReconcilerDeps, { tenant, id, pool }: UnfinishedJob): Promise<void> => {
  const last = (await deps.jobs.get(tenant, id)).history.at(-1)?.reason ?? "";
  await deps.jobs.failWaiting(tenant, id, poisonError(last), deps.now().toISOString());
  deps.log.error({ tenant, job: id }, "a job crashed again and again; it has failed");
  await deps.queue.remove({ job: id, pool });
};

/** Reconciles now and every few seconds until stopped. An outage is logged once and ends by itself. */
export const startReconciler = (deps: ReconcilerDeps): (() => void) => {
  let timer: NodeJS.Timeout;
  let stopped = false;
  let healthy = true;
  /** Nobody knows what was before the first round. */
  let patient = true;
  let from = start;
  const round = async (): Promise<void> => {
    try {
      from = await reconcile(deps, { patient, from });
      healthy = true;
      patient = false;
    } catch (error) {
      if (healthy) deps.log.warn({ err: error }, "records and queue could not be compared; trying again");
      healthy = false;
      patient = true;
    }
    if (!stopped) timer = setTimeout(() => void round(), INTERVAL_MS);
  };
  void round();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
};
