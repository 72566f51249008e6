import { type Tenant, toTenant } from "../../domain/access/tenant.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { noTenant, parseTenantId } from "./change-tenant.ts";

/** `not_found` also for a tenant that has resources but no record. */
export const getTenant = async (deps: Deps, _caller: Caller, request: { id: string }): Promise<Tenant> => {
  const id = parseTenantId(request.id);
  const record = await deps.access.tenant(id);
  if (record === null) throw noTenant(id);
  return toTenant(record, deps.now().toISOString());
};
