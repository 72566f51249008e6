import { setImmediate as nextTurn } from "node:timers/promises";
import { ServiceError } from "../../../domain/errors.ts";
import { JobBatch, type JobOutcome } from "../../../domain/jobs/job-batch.ts";
import { poolOf } from "../../../domain/jobs/pool.ts";
import { limits } from "../../../domain/limits.ts";
import type { NewJobs, Recorded } from "../../../store/job-store.ts";
import { quotasOf } from "../../access/quotas-of.ts";
import type { Caller } from "../../admission/caller.ts";
import { parse } from "../../admission/parse.ts";
import type { Deps } from "../../deps.ts";
import { digestOf, parseIdempotencyKey } from "../idempotency.ts";
import { type PlannedJob, planJob } from "../planning/plan-job.ts";
import { enqueueJob, enqueueJobs, sending } from "../queue-entry.ts";

/** Each spec is parsed by itself, with a spec's own limits; here only what can be in a body. */
const wholeBody = { keys: limits.keysPerObject, parts: limits.jsonBodyBytes };

/** Plans each by itself, one after the other, and tells why what cannot be planned cannot. What one reads, the next does not read again. */
const planAll = async (
  deps: Deps,
  caller: Caller,
  specs: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<(PlannedJob | ServiceError)[]> => {
  const planned: (PlannedJob | ServiceError)[] = [];
  let known: PlannedJob | undefined;
  for (const spec of specs) {
    // Plans that are remembered take no turn of the event loop: others are to have theirs.
    await nextTurn();
    if (signal?.aborted) throw new ServiceError("timed_out", "the client went away before its jobs were planned");
    try {
      known = await planJob(deps, caller, spec, known);
      planned.push(known);
    } catch (error) {
      // Without Redis or the store nothing can be said of any.
      if (!(error instanceof ServiceError) || error.code === "unavailable") throw error;
      planned.push(error);
    }
  }
  return planned;
};

/** Of the last that was recorded, or refused. */
const tellOf = ({ tell }: Caller, quota: number, recorded: readonly Recorded[]): void => {
  const left = recorded.flatMap((one) => {
    if (one instanceof ServiceError) return one.quota === undefined ? [] : [one.quota.remaining];
    return one?.waiting === undefined ? [] : [quota - one.waiting];
  });
  const remaining = left.at(-1);
  if (remaining !== undefined) tell?.({ name: "queued-jobs", quota, remaining });
};

/** What was recorded under the key before, in its place: it is not counted against the rate again, so that a repeat goes on where the rate stopped it. */
const findMade = async (
  deps: Deps,
  { tenant }: Caller,
  count: number,
  idempotency: NewJobs["idempotency"],
): Promise<Recorded[]> => {
  const jobs = Array.from({ length: count }, () => null);
  if (idempotency === null) return jobs;
  return deps.jobs.createAll({ tenant, jobs, createdAt: deps.now().toISOString(), idempotency, quota: null });
};

const recordAll = (deps: Deps, caller: Caller, wanted: Omit<NewJobs, "createdAt" | "quota" | "tenant" | "origin">) => {
  const pools = wanted.jobs.flatMap((job) => (job === null ? [] : [poolOf(job.spec.resources)]));
  const sent = { "messaging.batch.message_count": wanted.jobs.length };
  return sending(caller, pools, sent, async (origin): Promise<Recorded[]> => {
    const { tenant } = caller;
    const { queuedJobs } = await quotasOf(deps, tenant, caller.quotas);
    const quota = queuedJobs === null ? null : { queuedJobs };
    const createdAt = deps.now().toISOString();
    const recorded = await deps.jobs.createAll({ ...wanted, ...origin, tenant, createdAt, quota });
    if (queuedJobs !== null) tellOf(caller, queuedJobs, recorded);
    const waiting = recorded.flatMap((one) =>
      one !== null && !(one instanceof ServiceError) && one.state === "queued" ? [one] : [],
    );
    await Promise.all([
      enqueueJobs(
        deps,
        tenant,
        waiting.filter(({ created }) => created),
      ),
      ...waiting.filter(({ created }) => !created).map((one) => enqueueJob(deps, tenant, one, one)),
    ]);
    return recorded;
  });
};

/**
 * Records and queues many jobs (`{"jobs": [JobSpec, …]}`), each by itself as `submitJob` would: the outcomes are in their order, and those that are refused keep no other
 * one out. All that can be recorded are, in one step with one durable write. Rates and quotas count each job; what goes beyond them is refused in its place.
 * With an idempotency key, the same body answers with the jobs that were made first, and what was refused then is tried again.
 */
export const submitJobs = async (
  deps: Deps,
  caller: Caller,
  request: { batch: unknown; idempotencyKey?: string | undefined; signal?: AbortSignal | undefined },
): Promise<JobOutcome[]> => {
  const key = parseIdempotencyKey(request.idempotencyKey);
  const { jobs: specs } = parse(JobBatch, request.batch, { most: wholeBody });
  const idempotency = key === null ? null : { key, bodyDigest: digestOf(request.batch) };
  const made = await findMade(deps, caller, specs.length, idempotency);
  const missing = [...specs.keys()].filter((i) => made[i] === null);
  // The first was counted when the request was admitted.
  const further = missing.length > 1 ? await caller.countMore?.(missing.length - 1) : undefined;
  if (further !== undefined) caller.tell?.(further.standing);
  const admitted = further === undefined ? missing : missing.slice(0, 1 + further.admitted);
  const plans = await planAll(
    deps,
    caller,
    admitted.map((i) => specs[i]),
    request.signal,
  );
  const planned = new Map(admitted.map((i, at) => [i, plans[at]!]));
  // Lists and queues go by ids: those of one millisecond are in no order of their own.
  const ids = specs.map(() => deps.createId("job")).sort();
  const jobs = specs.map((_, i) => {
    const one = planned.get(i);
    return one === undefined || one instanceof ServiceError ? null : { id: ids[i]!, spec: one.spec, plan: one.plan };
  });
  const nothing = idempotency === null && jobs.every((job) => job === null);
  const recorded = nothing ? jobs.map(() => null) : await recordAll(deps, caller, { jobs, idempotency });
  return recorded.map((now, i): JobOutcome => {
    // What was made may be deleted by now.
    const one = now ?? made[i] ?? null;
    if (one !== null) return one instanceof ServiceError ? one : { id: one.id, created: one.created };
    const refused = planned.get(i);
    return refused instanceof ServiceError ? refused : further!.refused;
  });
};
