import { type CreatedKey, RotateKey, secretsInForce, toAccessKey } from "../../domain/access/tenant.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { changeTenant, noTenant, parseTenantId } from "./change-tenant.ts";
import { createSecret, keyOf, requireKeys } from "./key-secret.ts";

/** Gives a key a new secret, told this once. The ones before it open for the overlap, or as long as they would have. */
export const rotateKey = async (
  deps: Deps,
  caller: Caller,
  { tenant: named, id, body }: { tenant: string; id: string; body: unknown },
): Promise<CreatedKey> => {
  requireKeys(caller);
  const tenant = parseTenantId(named);
  const { overlapSeconds } = parse(RotateKey, body ?? {});
  const { secret, sha256 } = createSecret();
  const at = deps.now();
  const now = at.toISOString();
  const end = new Date(at.getTime() + overlapSeconds * 1000).toISOString();
  const record = await changeTenant(deps, tenant, (before) => {
    if (before === null) throw noTenant(tenant);
    const old = keyOf(before.keys, tenant, id);
    const kept = secretsInForce(old, now)
      .map((each) => ({ ...each, expiresAt: each.expiresAt !== null && each.expiresAt < end ? each.expiresAt : end }))
      .filter(({ expiresAt }) => expiresAt > now);
    const key = { ...old, rotatedAt: now, secrets: [{ sha256, expiresAt: null }, ...kept] };
    return { ...before, keys: before.keys.map((each) => (each.id === id ? key : each)) };
  });
  return { ...toAccessKey(keyOf(record.keys, tenant, id), now), secret };
};
