import { createHash, randomBytes } from "node:crypto";
import type { KeyRecord } from "../../domain/access/tenant.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { Caller } from "../admission/caller.ts";

/** 256 random bits, of which only the hash is kept. */
export const createSecret = (): { secret: string; sha256: string } => {
  const secret = `dsc_${randomBytes(32).toString("base64url")}`;
  return { secret, sha256: createHash("sha256").update(secret).digest("hex") };
};

/** A key that would open nothing is not made. */
export const requireKeys = ({ key }: Caller): void => {
  if (key === null)
    throw new ServiceError(
      "unprocessable",
      "this service runs without API keys, so that a key would open nothing; set API_KEYS_FILE",
    );
};

export const keyOf = (keys: readonly KeyRecord[], tenant: string, id: string): KeyRecord => {
  const found = keys.find((key) => key.id === id);
  if (found !== undefined) return found;
  const shown = JSON.stringify(id.slice(0, 80));
  throw new ServiceError("not_found", `the tenant ${tenant} has no key ${shown} that was made by this API`);
};
