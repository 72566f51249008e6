import { assert } from "../../../domain/errors.ts";
import type { TenantId } from "../../../domain/ids.ts";

/** As a due set has it. Ids have no slash. */
export const toMember = ({ tenant, id }: { tenant: TenantId; id: string }): string => `${tenant}/${id}`;

export const fromMember = (member: string): { tenant: TenantId; id: string } => {
  const [tenant, id] = member.split("/");
  assert(tenant !== undefined && id !== undefined, "a member of the due set is a tenant and an id");
  return { tenant, id };
};
