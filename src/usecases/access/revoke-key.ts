import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { changeTenant, noTenant, parseTenantId } from "./change-tenant.ts";
import { keyOf } from "./key-secret.ts";

/** From the next request on the key opens nothing, and no event token that was made with it. */
export const revokeKey = async (
  deps: Deps,
  _caller: Caller,
  { tenant: named, id }: { tenant: string; id: string },
): Promise<void> => {
  const tenant = parseTenantId(named);
  await changeTenant(deps, tenant, (before) => {
    if (before === null) throw noTenant(tenant);
    keyOf(before.keys, tenant, id);
    return { ...before, keys: before.keys.filter((key) => key.id !== id) };
  });
};
