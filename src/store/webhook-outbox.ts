import type { JobEvent } from "../domain/jobs/job.ts";
import type { DueWebhook, Ended } from "../domain/webhook.ts";

/**
 * The ends of jobs and studies that are to be told: noted by the same script that ends one, and kept until the delivery is settled, so
 * no crash loses one. ServiceError `unavailable` when Redis does not answer within one second. Tested by
 * test/conformance/webhook-outbox.test.ts.
 */
export interface WebhookOutbox {
  /** Those to be looked at by then, the longest due first. */
  due(atMs: number, limit: number): Promise<DueWebhook[]>;
  /** Somebody cares for them now: they come up again at `atMs` if that was not enough. */
  lookAgain(webhooks: readonly DueWebhook[], atMs: number): Promise<void>;
  /** What to tell of, and how many deliveries failed; null when nothing is due (any more). */
  pending(webhook: DueWebhook): Promise<{ ended: Ended; failures: number } | null>;
  /** Adds the event to the record's event log and counts a failure, or settles the delivery for good. False if nothing was due. */
  note(webhook: DueWebhook, event: Omit<JobEvent, "id">, settled: boolean): Promise<boolean>;
  /** Calls back when one becomes due. May miss some while Redis is away: look now and then as well. Returns the unsubscriber. */
  onDue(listener: () => void): () => void;
}
