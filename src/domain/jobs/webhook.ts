import { z } from "zod";
import { assert } from "../errors.ts";
import type { JobId, TenantId } from "../ids.ts";
import type { Job } from "./job.ts";

const URL_LENGTH = 2048;

/** What is wrong with an address, whatever this server's policy is. */
const faultOf = (text: string): string | null => {
  if (!URL.canParse(text)) return "must be an absolute URL, such as https://example.com/hooks";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must be a URL of https://";
  if (url.username !== "" || url.password !== "") return "must not contain a user name or a password";
  if (url.hash !== "") return "must not contain a fragment (#…): it would not be sent";
  return null;
};

const WebhookUrl = z
  .string()
  .max(URL_LENGTH)
  .superRefine((text, context) => {
    const fault = faultOf(text);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  });

/** Whom to tell when the job has ended. */
export const WebhookSpec = z
  .strictObject({
    url: WebhookUrl.describe("https, on a public address; gets a signed POST as Standard Webhooks describes it"),
  })
  .meta({ id: "WebhookSpec" });

export type WebhookSpec = z.infer<typeof WebhookSpec>;

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
