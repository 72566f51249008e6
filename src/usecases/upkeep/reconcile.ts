import { startAttemptSpan } from "../../domain/jobs/attempt-span.ts";
import { poisonError } from "../../domain/jobs/poison.ts";
import type { Tracing } from "../../domain/observing/tracing.ts";
import type { UnfinishedJob } from "../../store/job-store.ts";
import type { Deps } from "../deps.ts";

const INTERVAL_MS = 2000;

type ReconcilerDeps = Pick<Deps, "jobs" | "queue" | "log" | "now"> & {
  /** Left out: nothing is traced. */
  tracing?: Tracing;
};

/**
 * Brings records and queue together again after a crash of anything: the records are what was promised, the queue only says who
 * is next. Safe in several processes at once, as each step is one compare-and-set of the store or idempotent in the queue.
 *
 * After an outage of Redis all leases have ended, though the trainers live: `patient` leaves the jobs to them for this time.
 */
export const reconcile = async (deps: ReconcilerDeps, { patient = false } = {}): Promise<void> => {
  const unfinished = patient ? [] : await deps.jobs.unfinished();
  for (const job of unfinished) if (job.leaseEnded) await reclaim(deps, job);
  // The entries first: a job that is recorded and queued meanwhile seems to lack one, and adding it again changes nothing.
  const entries = await deps.queue.jobs();
  const records = await deps.jobs.unfinished();
  for (const record of records) {
    const { tenant, id, state, place } = record;
    if (state !== "queued") continue;
    if (record.suspicion === "poison") await failPoison(deps, record);
    else if (!entries.has(id) && !(await deps.queue.has({ tenant, job: id })))
      await deps.queue.add({ tenant, job: id }, { place });
  }
  // A job is recorded before it is queued, so what has an entry and no record that wants one will not get one: it was done or
  // paused while the queue was away, or is gone. One that is resumed right now lacks its entry until the next round.
  const wanted = new Set(records.filter(({ state }) => state !== "paused").map(({ id }) => id));
  for (const id of entries) if (!wanted.has(id)) await deps.queue.remove({ job: id });
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
const failPoison = async (deps: ReconcilerDeps, { tenant, id }: UnfinishedJob): Promise<void> => {
  const last = (await deps.jobs.get(tenant, id)).history.at(-1)?.reason ?? "";
  await deps.jobs.failWaiting(tenant, id, poisonError(last), deps.now().toISOString());
  deps.log.error({ tenant, job: id }, "a job crashed again and again; it has failed");
  await deps.queue.remove({ job: id });
};

/** Reconciles now and every few seconds until stopped. An outage is logged once and ends by itself. */
export const startReconciler = (deps: ReconcilerDeps): (() => void) => {
  let timer: NodeJS.Timeout;
  let stopped = false;
  let healthy = true;
  /** Nobody knows what was before the first round. */
  let patient = true;
  const round = async (): Promise<void> => {
    try {
      await reconcile(deps, { patient });
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
