import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { TenantId } from "../ids.ts";

const Claims = z.strictObject({
  tenant: TenantId,
  resource: z.string(),
  /** The key that it was made with; null without keys. */
  key: z.string().nullable(),
  expiresAtMs: z.int(),
});
type TokenClaims = z.infer<typeof Claims>;

const prefix = "dst_";

const signatureOf = (payload: string, secret: Uint8Array): Buffer =>
  createHmac("sha256", secret).update(payload).digest();

/** `dst_`, the claims, and their HMAC-SHA256. */
export const signToken = (claims: TokenClaims, secret: Uint8Array): string => {
  const payload = prefix + Buffer.from(JSON.stringify(claims)).toString("base64url");
  return `${payload}.${signatureOf(payload, secret).toString("base64url")}`;
};

/** What a token claims; null if it was not signed with this secret, or its time is over. */
export const readToken = (token: string, secret: Uint8Array, nowMs: number): TokenClaims | null => {
  const [payload = "", signature = ""] = token.split(".");
  const given = Buffer.from(signature, "base64url");
  const right = signatureOf(payload, secret);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  const claims = Claims.parse(JSON.parse(Buffer.from(payload.slice(prefix.length), "base64url").toString()));
  return claims.expiresAtMs > nowMs ? claims : null;
};
