import { TenantRecord } from "../../domain/access/tenant.ts";
import { ServiceError } from "../../domain/errors.ts";
import { TenantId } from "../../domain/ids.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { encodeManifest, readManifest } from "../../store/artifacts/manifest-file.ts";
import type { Deps } from "../deps.ts";

type ChangeDeps = Pick<Deps, "access" | "artifacts" | "now" | "log">;

export const parseTenantId = (id: string): TenantId => {
  if (!TenantId.safeParse(id).success)
    throw new ServiceError("not_found", `there is no tenant ${JSON.stringify(id.slice(0, 80))}`);
  return id;
};

export const noTenant = (id: TenantId): ServiceError =>
  new ServiceError("not_found", `there is no tenant ${id}; record it with PUT /v1/tenants/${id}`);

/** Writes a tenant's record to the artifact store, from which Redis could be rebuilt, then removes older ones. Safe to repeat. */
const publishTenant = async ({ artifacts }: Pick<Deps, "artifacts">, record: TenantRecord): Promise<void> => {
  const newest = artifactKeys.access(record.id, record.revision);
  await artifacts.write(newest, encodeManifest(record));
  for (const key of await artifacts.list(artifactKeys.accessFiles(record.id)))
    if (key < newest) await artifacts.remove(key);
};

/** Manifests whose writing was cut short. */
export const sweepTenant = async (deps: Pick<Deps, "access" | "artifacts">, tenant: TenantId): Promise<void> => {
  const record = await deps.access.tenant(tenant);
  if (record === null) return;
  const files = await deps.artifacts.list(artifactKeys.accessFiles(tenant));
  if (files.length !== 1 || files[0] !== artifactKeys.access(tenant, record.revision))
    await publishTenant(deps, record);
};

/** Records the newest manifest of a tenant again. False if there is none, or Redis knows the tenant. */
export const restoreTenant = async (
  { access, artifacts }: Pick<Deps, "access" | "artifacts">,
  tenant: TenantId,
): Promise<boolean> => {
  const newest = (await artifacts.list(artifactKeys.accessFiles(tenant))).at(-1);
  if (newest === undefined) return false;
  return access.restore(TenantRecord.parse(await readManifest(artifacts, newest)));
};

const attempts = 10;

/** Replaces a tenant's record by what `change` makes of it, also if others change it at the same time. */
export const changeTenant = async (
  deps: ChangeDeps,
  tenant: TenantId,
  change: (before: TenantRecord | null) => Omit<TenantRecord, "revision" | "updatedAt" | "createdAt" | "id">,
): Promise<TenantRecord> => {
  for (let i = 0; i < attempts; i++) {
    const before = await deps.access.tenant(tenant);
    const updatedAt = deps.now().toISOString();
    const record: TenantRecord = {
      ...change(before),
      ...{ id: tenant, revision: (before?.revision ?? 0) + 1, createdAt: before?.createdAt ?? updatedAt, updatedAt },
    };
    if (!(await deps.access.put(record))) continue;
    await publishTenant(deps, record).catch((err: unknown) =>
      deps.log.warn({ tenant, err }, "the tenant's manifest could not be written; the sweep will do it"),
    );
    return record;
  }
  throw new ServiceError("precondition_failed", "others changed this tenant at the same time; try again");
};
