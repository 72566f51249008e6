import type { TenantId } from "../domain/ids.ts";
import type { Alias, AliasCondition, AliasManifest } from "../domain/models/alias.ts";

export interface AliasRequest {
  name: string;
  /** Null: delete it. */
  model: string | null;
  at: string;
  by: string | null;
  condition: AliasCondition;
}

/** Movable names of models, in Redis: each change is one step, numbered, and kept for a while. Part of the catalogue, with the same errors. */
export interface Aliases {
  /**
   * Naming what it names already changes nothing. `precondition_failed` if the condition does not hold, `not_found` if there is nothing to
   * delete, `invalid` if there is no such model, `quota_exceeded` if there are as many as may be.
   */
  changeAlias(tenant: TenantId, request: AliasRequest): Promise<{ alias: Alias; changed: boolean }>;
  /** By name; all of them. */
  aliases(tenant: TenantId): Promise<Alias[]>;
  alias(tenant: TenantId, name: string): Promise<Alias>;
  /** With its history, oldest first; null if it is not known. One that was deleted has no model, until the sweep forgets it. */
  aliasManifest(tenant: TenantId, name: string): Promise<AliasManifest | null>;
  /** The same of all, without their histories. */
  aliasRecords(tenant: TenantId): Promise<Omit<AliasManifest, "history">[]>;
  /** Records it again from its manifest, unless a newer revision is known. */
  restoreAlias(tenant: TenantId, manifest: AliasManifest): Promise<boolean>;
  /** Forgets one that was deleted in this revision. */
  forgetAlias(tenant: TenantId, name: string, revision: number): Promise<void>;
}
