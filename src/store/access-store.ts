import type { TenantRecord } from "../domain/access/tenant.ts";
import type { AuditEntry, UsageDay } from "../domain/access/usage.ts";
import type { TenantId } from "../domain/ids.ts";

/**
 * Tenants with their keys, what they used, and who did what. A tenant's record is replaced as a whole, by whoever has seen the one before
 * it. When Redis does not answer, every method rejects with `unavailable`.
 */
export interface AccessStore {
  /** Null: nobody has recorded one. */
  tenant(id: TenantId): Promise<TenantRecord | null>;
  /** The tenant one of whose keys has a secret with this hash, in force or not. */
  tenantOfSecret(sha256: string): Promise<TenantRecord | null>;
  /** By id. */
  tenants(): Promise<TenantRecord[]>;
  /** False, changing nothing, unless the stored record has the revision before this one; the first has the revision 1. */
  put(record: TenantRecord): Promise<boolean>;
  /** False, changing nothing, if there is a record already. */
  restore(record: TenantRecord): Promise<boolean>;

  /** Days are numbers of days since 1970; those on which nothing was used are left out. */
  usage(tenant: TenantId, from: number, to: number): Promise<UsageDay[]>;
  countPrediction(tenant: TenantId): Promise<void>;

  audit(entry: Omit<AuditEntry, "id">): Promise<void>;
  /** Newest first, those before the entry with this id; null: from the newest on. */
  auditLog(before: string | null, limit: number): Promise<AuditEntry[]>;
}
