import { createHash } from "node:crypto";
import { type KeyRecord, secretsInForce, type TenantRecord } from "../../domain/access/tenant.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import { type Admit, type Caller, requireScope } from "../admission/caller.ts";
import type { Scope } from "../admission/operations.ts";
import type { Deps } from "../deps.ts";

/** A key of the file. */
interface FileKey {
  id: string;
  tenant: TenantId;
  scopes: readonly Scope[];
}

/** The keys of the file, as they are now. */
export interface FileKeys {
  /** By its SHA-256. */
  find(hash: Buffer): FileKey | null;
  byId(tenant: TenantId, id: string): FileKey | null;
}

type KeyDeps = Pick<Deps, "access" | "now"> & { file: FileKeys };

const callerOf = (record: TenantRecord | null, { tenant, scopes, id }: FileKey): Caller => {
  if (record?.suspended) throw new ServiceError("forbidden", `the tenant ${tenant} is suspended`);
  const rates = Object.fromEntries(Object.entries(record?.rates ?? {}).filter(([, rate]) => rate !== undefined));
  return { tenant, scopes: new Set(scopes), key: id, rates, quotas: record?.quotas ?? {} };
};

const inForce = (record: TenantRecord, now: string, wanted: (key: KeyRecord) => boolean): KeyRecord | undefined =>
  record.keys.find((key) => wanted(key) && secretsInForce(key, now).length > 0);

/**
 * Admits who presents a key of the file or of the admin API as `Authorization: Bearer …`. Keys of the API are looked up by the hash of 256 random bits, so
 * that how long it takes tells nothing of use; revoked ones open nothing from the next request on.
 */
export const admitKeys =
  ({ access, now, file }: KeyDeps): Admit =>
  async (operation, authorization) => {
    const [, presented] = /^Bearer +(\S{1,512})$/i.exec(authorization ?? "") ?? [];
    if (presented === undefined)
      throw new ServiceError("unauthenticated", "an API key is needed: send it as Authorization: Bearer …");
    const hash = createHash("sha256").update(presented).digest();
    const ofFile = file.find(hash);
    const sha256 = hash.toString("hex");
    const record = ofFile === null ? await access.tenantOfSecret(sha256) : await access.tenant(ofFile.tenant);
    const at = now().toISOString();
    const key =
      ofFile ??
      (record && inForce(record, at, (each) => secretsInForce(each, at).some((secret) => secret.sha256 === sha256)));
    if (!key) throw new ServiceError("unauthenticated", "this API key is not known, or no longer valid");
    const caller = callerOf(record, { tenant: record?.id ?? "", ...key });
    requireScope(caller, operation);
    return caller;
  };

/** Whether a key that an event token was made with may still read. */
export const keyInForce =
  ({ access, now, file }: KeyDeps) =>
  async (tenant: TenantId, id: string): Promise<boolean> => {
    const record = await access.tenant(tenant);
    if (record?.suspended) return false;
    const key = file.byId(tenant, id) ?? (record && inForce(record, now().toISOString(), (each) => each.id === id));
    return key?.scopes.includes("read") === true;
  };
