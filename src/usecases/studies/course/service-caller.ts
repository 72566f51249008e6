import type { TenantId } from "../../../domain/ids.ts";
import type { Caller } from "../../admission/caller.ts";
import type { Scope } from "../../admission/operations.ts";

const scopes: ReadonlySet<Scope> = new Set(["read", "submit"]);

/** The study itself, which was let in when it was submitted. */
export const serviceCaller = (tenant: TenantId): Caller => ({ tenant, scopes, key: null });
