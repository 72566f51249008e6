import type { CreatedKey, Tenant } from "../../domain/access/tenant.ts";
import { createKey } from "../../usecases/access/create-key.ts";
import { createToken } from "../../usecases/access/create-token.ts";
import { getTenant } from "../../usecases/access/get-tenant.ts";
import { getUsage } from "../../usecases/access/get-usage.ts";
import { listAudit } from "../../usecases/access/list-audit.ts";
import { listTenants } from "../../usecases/access/list-tenants.ts";
import { putTenant } from "../../usecases/access/put-tenant.ts";
import { revokeKey } from "../../usecases/access/revoke-key.ts";
import { rotateKey } from "../../usecases/access/rotate-key.ts";
import { unary, type Wiring } from "../call.ts";
import type * as wire from "../generated/descent/v1/access.ts";

const toKey = ({ rotatedAt, expiresAt, ...key }: Tenant["keys"][number]): wire.AccessKey => ({
  ...key,
  ...{ rotatedAt: rotatedAt ?? undefined, expiresAt: expiresAt ?? undefined },
});

const toCreatedKey = ({ secret, ...key }: CreatedKey): wire.CreatedKey => ({ secret, key: toKey(key) });

/** -1 stands for any number, which is null elsewhere. */
const toLimit = (limit: number | null | undefined): number | undefined => (limit === null ? -1 : limit);
const fromLimit = (limit: number | undefined): number | null | undefined => (limit === -1 ? null : limit);

const toTenant = ({ quotas, rates, keys, ...tenant }: Tenant): wire.Tenant => ({
  ...tenant,
  quotas: {
    queuedJobs: toLimit(quotas.queuedJobs),
    runningJobs: toLimit(quotas.runningJobs),
    storedBytes: toLimit(quotas.storedBytes),
  },
  rates: { read: rates.read, submit: rates.submit, admin: rates.admin, predict: rates.predict },
  keys: keys.map(toKey),
});

const fromQuotas = ({ queuedJobs, runningJobs, storedBytes }: wire.TenantQuotas) => ({
  queuedJobs: fromLimit(queuedJobs),
  runningJobs: fromLimit(runningJobs),
  storedBytes: fromLimit(storedBytes),
});

export const createAccessService = (wiring: Wiring): wire.AccessServiceServer => {
  const { deps } = wiring;
  return {
    createToken: unary(wiring, "createToken", (caller, body) => createToken(deps, caller, { body })),
    listTenants: unary(wiring, "listTenants", async (caller, page) => {
      const { items, nextPageToken } = await listTenants(deps, caller, page);
      return { items: items.map(toTenant), nextPageToken: nextPageToken ?? undefined };
    }),
    putTenant: unary(wiring, "putTenant", async (caller, { id, suspended, quotas, rates }) => {
      const body = { suspended, quotas: quotas && fromQuotas(quotas), rates };
      return toTenant(await putTenant(deps, caller, { id, body }));
    }),
    getTenant: unary(wiring, "getTenant", async (caller, { id }) => toTenant(await getTenant(deps, caller, { id }))),
    createKey: unary(wiring, "createKey", async (caller, { tenant, id, scopes, expiresAt }) => {
      const body = { id, scopes: scopes.length === 0 ? undefined : scopes, expiresAt };
      return toCreatedKey(await createKey(deps, caller, { tenant, body }));
    }),
    rotateKey: unary(wiring, "rotateKey", async (caller, { tenant, id, ...body }) =>
      toCreatedKey(await rotateKey(deps, caller, { tenant, id, body })),
    ),
    revokeKey: unary(wiring, "revokeKey", async (caller, request) => {
      await revokeKey(deps, caller, request);
      return {};
    }),
    getUsage: unary(wiring, "getUsage", (caller, { tenant, from, to }) =>
      getUsage(deps, caller, { id: tenant, from, to }),
    ),
    listAudit: unary(wiring, "listAudit", async (caller, page) => {
      const { items, nextPageToken } = await listAudit(deps, caller, page);
      const entries = items.map(({ key, resource, ...entry }) => ({
        ...entry,
        ...{ key: key ?? undefined, resource: resource ?? undefined },
      }));
      return { items: entries, nextPageToken: nextPageToken ?? undefined };
    }),
  };
};
