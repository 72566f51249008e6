import { counted } from "../../domain/counted.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Log } from "../../domain/log.ts";
import {
  type DueWebhook,
  type Ended,
  isStudyId,
  toWebhookBody,
  webhookIdOf,
  webhookUrlOf,
} from "../../domain/webhook.ts";
import type { DeliveryOutcome } from "../../queue/webhook-queue.ts";
import type { WebhookOutbox } from "../../store/webhook-outbox.ts";
import type { PostOutcome, PostWebhook } from "../../webhooks/post-webhook.ts";
import { signatureHeaders } from "../../webhooks/signature.ts";
import { logVerdict, type Verdict } from "./verdict.ts";

export interface DeliverDeps {
  outbox: WebhookOutbox;
  post: PostWebhook;
  /** The tenant's, newest first: each signs. */
  secretsOf: (tenant: TenantId) => string[];
  /** Pauses after the first failure, the second, …: after the last of them it is given up. */
  retryMs: readonly number[];
  now: () => Date;
  /** From 0 to 1, for the jitter. */
  random: () => number;
  log: Log;
}

/** Receivers that were away must not be met by all deliveries at once. */
const JITTER = 0.25;
/** "Stop sending": the one answer by which a receiver ends it. */
const GONE = 410;

const inWords = (ms: number): string => {
  if (ms >= 2 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return ms >= 2 * 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 100) / 10} s`;
};

const isDelivered = (outcome: PostOutcome): boolean =>
  "status" in outcome && outcome.status >= 200 && outcome.status < 300;

const reasonOf = (outcome: PostOutcome): string => {
  if ("failure" in outcome) return outcome.failure;
  const redirect = outcome.status >= 300 && outcome.status < 400 ? "; redirects are not followed" : "";
  return `answered ${outcome.status}${redirect}`;
};

/** What one delivery means for the next, and how the owner is told. */
const judge = ({ retryMs, now, random }: DeliverDeps, outcome: PostOutcome, failures: number): Verdict => {
  const delivery = failures + 1;
  const data = { delivery, ...("status" in outcome ? { status: outcome.status } : {}) };
  const reason = reasonOf(outcome);
  if (isDelivered(outcome)) {
    const message = `the webhook was delivered (${reason})`;
    return { event: { level: "info", type: "webhook_delivered", message, data }, laterMs: null };
  }
  const pauseMs = retryMs[failures];
  if (pauseMs === undefined || ("status" in outcome && outcome.status === GONE)) {
    const message = `the webhook was given up after ${counted(delivery, "delivery", "deliveries")}: ${reason}`;
    return { event: { level: "error", type: "webhook_given_up", message, data }, laterMs: null };
  }
  const laterMs = Math.round(pauseMs * (1 + JITTER * random()));
  const nextAt = new Date(now().getTime() + laterMs).toISOString();
  const message = `webhook delivery ${delivery} failed: ${reason}; the next in ${inWords(laterMs)}`;
  return { event: { level: "warn", type: "webhook_failed", message, data: { ...data, nextAt } }, laterMs };
};

const send = (
  deps: DeliverDeps,
  { tenant, id }: DueWebhook,
  { ended, url }: { ended: Ended; url: string },
  signal: AbortSignal,
): Promise<PostOutcome> => {
  const message = { id: webhookIdOf(id), body: toWebhookBody(ended) };
  const headers = signatureHeaders(deps.secretsOf(tenant), message, deps.now().getTime());
  return deps.post({ url, headers, body: message.body, signal });
};

/**
 * Tells of one end, once: at least once if a process dies between the receiver's answer and its note. What came of it is an
 * event of the job or study. Rejects with `unavailable` when Redis does not answer; then it is due as before.
 */
export const deliverWebhook = async (
  deps: DeliverDeps,
  webhook: DueWebhook,
  signal: AbortSignal,
): Promise<DeliveryOutcome> => {
  const pending = await deps.outbox.pending(webhook);
  const url = pending === null ? undefined : webhookUrlOf(pending.ended);
  if (pending === null || url === undefined) return "settled";
  const outcome = await send(deps, webhook, { ended: pending.ended, url }, signal);
  // Stopped by us, not refused by the receiver: nothing is held against it.
  if (signal.aborted && "failure" in outcome) return { laterMs: 0 };
  const verdict = judge(deps, outcome, pending.failures);
  const { event, laterMs } = verdict;
  await deps.outbox.note(webhook, { ...event, at: deps.now().toISOString() }, laterMs === null);
  logVerdict(deps.log, { tenant: webhook.tenant, [isStudyId(webhook.id) ? "study" : "job"]: webhook.id }, verdict);
  return laterMs === null ? "settled" : { laterMs };
};
