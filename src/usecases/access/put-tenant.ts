import { PutTenant, type Tenant, toTenant } from "../../domain/access/tenant.ts";
import { invalidAt } from "../../domain/errors.ts";
import { TenantId } from "../../domain/ids.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { changeTenant } from "./change-tenant.ts";

/** Records a tenant, or what it may from now on; its keys stay. What is left out is the service's. */
export const putTenant = async (
  deps: Deps,
  _caller: Caller,
  { id, body }: { id: string; body: unknown },
): Promise<Tenant> => {
  const named = TenantId.safeParse(id);
  if (!named.success) throw invalidAt("/id", named.error.issues[0]?.message ?? "is not valid");
  const wanted = parse(PutTenant, body);
  const record = await changeTenant(deps, id, (before) => ({ keys: before?.keys ?? [], ...wanted }));
  return toTenant(record, record.updatedAt);
};
