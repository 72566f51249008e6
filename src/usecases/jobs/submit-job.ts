import type { Job } from "../../domain/jobs/job.ts";
import { quotasOf } from "../access/quotas-of.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { digestOf, parseIdempotencyKey } from "./idempotency.ts";
import { planJob } from "./planning/plan-job.ts";
import { recordSubmitted } from "./queue-entry.ts";

/**
 * Records a job durably and queues it. With an idempotency key, the same body answers with the job that was made first
 * (`created` false) and another body is `idempotency_mismatch`. Once this resolves, the job is not lost.
 */
export const submitJob = async (
  deps: Deps,
  caller: Caller,
  request: { spec: unknown; idempotencyKey?: string | undefined },
): Promise<{ job: Job; created: boolean }> => {
  const key = parseIdempotencyKey(request.idempotencyKey);
  // What both read of Redis is asked in one turn.
  const [{ spec, plan }, quotas] = await Promise.all([
    planJob(deps, caller, request.spec),
    quotasOf(deps, caller.tenant, caller.quotas),
  ]);
  const idempotency = key === null ? null : { key, bodyDigest: digestOf(request.spec) };
  return recordSubmitted(deps, { ...caller, quotas }, { id: deps.createId("job"), spec, plan, idempotency });
};
