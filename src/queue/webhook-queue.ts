import type { DueWebhook } from "../domain/webhook.ts";

/** The producer's side. Rejects with ServiceError `unavailable` within one second when Redis does not answer. */
export interface WebhookQueue {
  /** Idempotent: a webhook that is queued, under way or put aside stays as it is. */
  add(webhooks: readonly DueWebhook[]): Promise<void>;
  close(): Promise<void>;
}

/** `laterMs`: to be tried again after so long. Rejecting does the same after some seconds. */
export type DeliveryOutcome = "settled" | { laterMs: number };

/** One delivery. The signal aborts when the process stops: then it must resolve soon. */
export type DeliverWebhook = (webhook: DueWebhook, signal: AbortSignal) => Promise<DeliveryOutcome>;

/** The consumer's side. However many processes consume, one of them has a webhook at a time. */
export interface WebhookConsumer {
  /** Takes no more, lets what is under way end or aborts it after `limitMs`, closes. */
  close(limitMs: number): Promise<void>;
}
