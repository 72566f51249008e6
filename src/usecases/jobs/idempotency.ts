import { createHash } from "node:crypto";
import { z } from "zod";
import { ServiceError } from "../../domain/errors.ts";

/** Keys sorted at every depth: the order in which a client writes them does not make another body. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, canonical(v)]),
  );
};

/** Of a body, however its keys are ordered. */
export const digestOf = (body: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(canonical(body)))
    .digest("hex");

const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/);

export const parseIdempotencyKey = (key: string | undefined): string | null => {
  if (key === undefined) return null;
  if (IdempotencyKey.safeParse(key).success) return key;
  throw new ServiceError("malformed", "Idempotency-Key must be 1 to 255 visible ASCII characters");
};
