import { assert } from "../errors.ts";
import type { JobId, TenantId } from "../ids.ts";
import type { Job } from "./job.ts";

/** A job whose end is to be told. */
export interface DueWebhook {
  tenant: TenantId;
  job: JobId;
}

/** The same for every delivery of one job's end, so that receivers can drop what they had before. */
export const webhookIdOf = (job: JobId): string => `msg_${job.slice("job_".length)}`;

/**
 * The message as Standard Webhooks shapes it: `type`, `timestamp` (when it happened) and `data`. A finished job's record does not
 * change any more, so each delivery has the same bytes.
 */
export const toWebhookBody = (job: Job): string => {
  assert(job.done, "only the end of a job is told");
  const { id, state, spec, model, error, metrics, attempt, createdAt, startedAt, endedAt } = job;
  const data = { id, name: spec.name, state, dataset: spec.dataset, model, error, metrics, attempt };
  const times = { createdAt, startedAt, endedAt };
  return JSON.stringify({ type: `job.${state}`, timestamp: endedAt, data: { ...data, ...times } });
};
