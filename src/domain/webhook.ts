import { assert } from "./errors.ts";
import type { JobId, StudyId, TenantId } from "./ids.ts";
import type { Job } from "./jobs/job.ts";
import type { Study } from "./studies/study.ts";

/** A job or a study whose end is to be told. */
export interface DueWebhook {
  tenant: TenantId;
  id: JobId | StudyId;
}

/** What has ended. */
export type Ended = { job: Job } | { study: Study };

export const isStudyId = (id: JobId | StudyId): id is StudyId => id.startsWith("std_");

/** The same for every delivery of one end, so that receivers can drop what they had before. */
export const webhookIdOf = (id: JobId | StudyId): string => `msg_${id.slice(id.indexOf("_") + 1)}`;

export const webhookUrlOf = (ended: Ended): string | undefined =>
  ("job" in ended ? ended.job : ended.study).spec.webhook?.url;

const jobData = ({ id, state, spec, model, error, metrics, attempt, createdAt, startedAt, endedAt }: Job): object => {
  const data = { id, name: spec.name, state, dataset: spec.dataset, model, error, metrics, attempt };
  return { ...data, createdAt, startedAt, endedAt };
};

const studyData = ({ id, name, state, spec, best, final, counts, error, createdAt, endedAt }: Study): object => {
  const data = { id, name, state, dataset: spec.job.dataset, model: final?.model ?? null, error, best, counts };
  return { ...data, metrics: final?.metrics ?? {}, createdAt, endedAt };
};

/**
 * The message as Standard Webhooks shapes it: `type`, `timestamp` (when it happened) and `data`. A finished record does not
 * change any more, so each delivery has the same bytes.
 */
export const toWebhookBody = (ended: Ended): string => {
  const [kind, record, data] =
    "job" in ended
      ? (["job", ended.job, jobData(ended.job)] as const)
      : (["study", ended.study, studyData(ended.study)] as const);
  assert(record.done, "only an end is told");
  return JSON.stringify({ type: `${kind}.${record.state}`, timestamp: record.endedAt, data });
};
