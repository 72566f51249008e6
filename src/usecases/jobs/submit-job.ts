import type { Job } from "../../domain/jobs/job.ts";
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
  const { spec, plan } = await planJob(deps, caller, request.spec);
  const idempotency = key === null ? null : { key, bodyDigest: digestOf(request.spec) };
  return recordSubmitted(deps, caller, { id: deps.createId("job"), spec, plan, idempotency });
};
