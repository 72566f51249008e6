import { type ErrorCode, ServiceError } from "../../../domain/errors.ts";
import type { JobId, TenantId } from "../../../domain/ids.ts";
import type { Study } from "../../../domain/studies/study.ts";
import type { Deps } from "../../deps.ts";
import { planJob } from "../../jobs/planning/plan-job.ts";
import { recordJob } from "../../jobs/queue-entry.ts";
import { serviceCaller } from "./service-caller.ts";

/** The tenant's quota is full, the machine is busy, or the study is steered otherwise: it is tried again later. */
const later = new Set<ErrorCode>(["quota_exceeded", "overloaded", "unavailable", "forbidden_transition", "timed_out"]);

/**
 * Records the job of a trial under the id that the trial's record names, and queues it: repeated, or in several processes at once, it
 * is one job. What cannot be planned is told; null otherwise.
 */
export const submitTrialJob = async (
  deps: Deps,
  tenant: TenantId,
  study: Study,
  { id, body, pauseAtEpoch }: { id: JobId; body: unknown; pauseAtEpoch: number | null },
): Promise<{ error: string | null; submitted: boolean }> => {
  try {
    const { spec, plan } = await planJob(deps, serviceCaller(tenant), body);
    await recordJob(deps, { tenant }, { id, spec, plan, idempotency: null, study: { id: study.id, pauseAtEpoch } });
    return { error: null, submitted: true };
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === "internal") throw error;
    return later.has(error.code) ? { error: null, submitted: false } : { error: error.message, submitted: false };
  }
};
