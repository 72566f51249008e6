import { createHmac } from "node:crypto";
import type { TenantId } from "../domain/ids.ts";

const PREFIX = "whsec_";

/**
 * A tenant's secret: HMAC-SHA256 of its name under the server's own, which never leaves the server. So a tenant can neither
 * forge a message to another one nor learn the other's secret, and none needs to be stored. As Standard Webhooks writes
 * secrets: `whsec_` and 32 bytes in base64.
 */
export const deriveSecret = (master: string, tenant: TenantId): string =>
  PREFIX + createHmac("sha256", master).update(`descent webhooks v1\0${tenant}`).digest("base64");

/**
 * Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, one signature for each secret, so that receivers accept either
 * while a secret is being replaced.
 */
export const signatureHeaders = (
  secrets: readonly string[],
  message: { id: string; body: string },
  atMs: number,
): Record<string, string> => {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${message.id}.${timestamp}.${message.body}`).digest("base64")}`;
  });
  return { "webhook-id": message.id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
};
