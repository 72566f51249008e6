import type { TenantId } from "../../domain/ids.ts";
import type { Deps, Quotas } from "../deps.ts";

/** A tenant's own quotas, and for those that it has none of the service's. */
export const quotasOf = async (
  { quotas, access }: Pick<Deps, "quotas" | "access">,
  tenant: TenantId,
): Promise<Quotas> => {
  const { queuedJobs = quotas.queuedJobs, storedBytes = quotas.storedBytes } =
    (await access.tenant(tenant))?.quotas ?? {};
  return { queuedJobs, storedBytes };
};
