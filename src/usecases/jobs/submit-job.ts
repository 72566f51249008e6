import { orNull, ServiceError } from "../../domain/errors.ts";
import type { Job } from "../../domain/jobs/job.ts";
import type { NewJob } from "../../store/job-store.ts";
import { quotasOf } from "../access/quotas-of.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { digestOf, parseIdempotencyKey } from "./idempotency.ts";
import { planJob } from "./planning/plan-job.ts";
import { enqueueJob, recordSubmitted } from "./queue-entry.ts";

/** The job that was made under the key, queued if it waits; null if there is none. */
const madeBefore = async (
  deps: Deps,
  { tenant }: Caller,
  idempotency: NonNullable<NewJob["idempotency"]>,
): Promise<Job | null> => {
  const createdAt = deps.now().toISOString();
  const [made] = await deps.jobs.createAll({ tenant, jobs: [null], createdAt, idempotency, quota: null });
  if (made == null || made instanceof ServiceError) return null;
  if (made.state === "queued") await enqueueJob(deps, tenant, made, made);
  return orNull(deps.jobs.get(tenant, made.id));
};

/**
 * Records a job durably and queues it. With an idempotency key, the same body answers with the job that was made first
 * (`created` false), also while nothing can be planned, and another body is `idempotency_mismatch`. Once this resolves, the job is not lost.
 */
export const submitJob = async (
  deps: Deps,
  caller: Caller,
  request: { spec: unknown; idempotencyKey?: string | undefined },
): Promise<{ job: Job; created: boolean }> => {
  const key = parseIdempotencyKey(request.idempotencyKey);
  const idempotencyOf = () => (key === null ? null : { key, bodyDigest: digestOf(request.spec) });
  let planned: Awaited<ReturnType<typeof planJob>>;
  let quotas: Awaited<ReturnType<typeof quotasOf>>;
  try {
    // What both read of Redis is asked in one turn.
    [planned, quotas] = await Promise.all([
      planJob(deps, caller, request.spec),
      quotasOf(deps, caller.tenant, caller.quotas),
    ]);
  } catch (error) {
    // What is to be tried again later may have been made by then.
    const isForNow = error instanceof ServiceError && error.retryAfterSeconds !== undefined;
    const idempotency = isForNow ? idempotencyOf() : null;
    const job = idempotency === null ? null : await madeBefore(deps, caller, idempotency);
    if (job === null) throw error;
    return { job, created: false };
  }
  const { spec, plan } = planned;
  const wanted = { id: deps.createId("job"), spec, plan, idempotency: idempotencyOf() };
  return recordSubmitted(deps, { ...caller, quotas }, wanted);
};
