import type { Log } from "../../domain/log.ts";
import type { WebhookQueue } from "../../queue/webhook-queue.ts";
import type { WebhookOutbox } from "../../store/webhook-outbox.ts";
import { keepLooking } from "./keep-looking.ts";

export interface RelayDeps {
  outbox: WebhookOutbox;
  queue: Pick<WebhookQueue, "add">;
  now: () => Date;
  log: Log;
}

const PAGE = 100;
/** An entry that the queue lost is put in again after so long. */
const LOOK_AGAIN_MS = 10 * 60_000;

/**
 * Puts what is due into the queue. The outbox is the promise, the queue only does the work: entries are added before they are
 * noted as looked after, so a crash between the two repeats the first, which changes nothing. Safe in several processes at once.
 */
export const relayWebhooks = async ({ outbox, queue, now }: RelayDeps): Promise<void> => {
  for (;;) {
    const nowMs = now().getTime();
    const webhooks = await outbox.due(nowMs, PAGE);
    await queue.add(webhooks);
    await outbox.lookAgain(webhooks, nowMs + LOOK_AGAIN_MS);
    if (webhooks.length < PAGE) return;
  }
};

/** Relays now, whenever something becomes due and every few seconds, until stopped. An outage is logged once and ends by itself. */
export const startWebhookRelay = (deps: RelayDeps): (() => Promise<void>) =>
  keepLooking({
    look: () => relayWebhooks(deps),
    subscribe: (wake) => deps.outbox.onDue(wake),
    failed: (error) => deps.log.warn({ err: error }, "due webhooks could not be queued; trying again"),
  });
