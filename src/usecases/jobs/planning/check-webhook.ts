import { invalidAt } from "../../../domain/errors.ts";
import type { WebhookSpec } from "../../../domain/jobs/spec/webhook-spec.ts";
import type { Deps } from "../../deps.ts";

/**
 * Refuses at submission a webhook that could not be delivered: on a server without a secret, or to where none may go. Names are
 * not looked up here: what they stand for is checked when it matters, at each delivery.
 */
export const requireWebhookAllowed = (
  { webhooks }: Pick<Deps, "webhooks">,
  spec: { webhook?: WebhookSpec | undefined },
): void => {
  if (spec.webhook === undefined) return;
  if (webhooks === null)
    throw invalidAt("/webhook", "this server cannot sign webhooks: it needs WEBHOOK_SECRET; leave webhook out");
  const refused = webhooks.refusalOf(new URL(spec.webhook.url));
  if (refused !== null) throw invalidAt("/webhook/url", refused);
};
