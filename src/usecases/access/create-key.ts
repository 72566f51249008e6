import { type CreatedKey, CreateKey, mostKeys, toAccessKey } from "../../domain/access/tenant.ts";
import { invalidAt, ServiceError } from "../../domain/errors.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { changeTenant, noTenant, parseTenantId } from "./change-tenant.ts";
import { createSecret, requireKeys } from "./key-secret.ts";

/** Makes a key for a tenant and tells its secret, this once. */
export const createKey = async (
  deps: Deps,
  caller: Caller,
  { tenant: named, body }: { tenant: string; body: unknown },
): Promise<CreatedKey> => {
  requireKeys(caller);
  const tenant = parseTenantId(named);
  const { id, scopes, expiresAt } = parse(CreateKey, body);
  const now = deps.now().toISOString();
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.parse(now)) throw invalidAt("/expiresAt", "must lie ahead");
  const { secret, sha256 } = createSecret();
  const key = { id, scopes, createdAt: now, rotatedAt: null, expiresAt, secrets: [{ sha256, expiresAt: null }] };
  await changeTenant(deps, tenant, (before) => {
    if (before === null) throw noTenant(tenant);
    if (before.keys.some((other) => other.id === id))
      throw invalidAt("/id", `the tenant has a key "${id}" already; rotate it, or revoke it first`);
    if (before.keys.length >= mostKeys)
      throw new ServiceError("quota_exceeded", `a tenant may have ${mostKeys} keys; revoke what is not needed`);
    return { ...before, keys: [...before.keys, key] };
  });
  return { ...toAccessKey(key, now), secret };
};
