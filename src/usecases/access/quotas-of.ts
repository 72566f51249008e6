import type { TenantRecord } from "../../domain/access/tenant.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Deps, Quotas } from "../deps.ts";

/**
 * A tenant's own quotas, and for those that it has none of the service's.
 * @param own as the caller's admission read them; left out: read now
 */
export const quotasOf = async (
  { quotas, access }: Pick<Deps, "quotas" | "access">,
  tenant: TenantId,
  own?: TenantRecord["quotas"],
): Promise<Quotas> => {
  const { queuedJobs = quotas.queuedJobs, storedBytes = quotas.storedBytes } =
    own ?? (await access.tenant(tenant))?.quotas ?? {};
  return { queuedJobs, storedBytes };
};
