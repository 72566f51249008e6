import { createListing, type Listing, type ListOptions } from "./pages.ts";
import type { RequestOptions, Transport } from "./transport.ts";
import type { AuditEntry, CreatedKey, Tenant, TenantChange, Usage } from "./types.ts";

const id = encodeURIComponent;

/** For operators: tenants, their keys, what they used and who did what. Needs a key with the scope `operator`. */
export const tenantsOf = (transport: Transport) => {
  const at = (tenant: string, part = ""): string => `/v1/tenants/${id(tenant)}${part}`;
  return {
    list: (options: ListOptions = {}): Listing<Tenant> =>
      createListing<Tenant>(transport, "/v1/tenants", { ...options }),
    get: (tenant: string, options?: RequestOptions) => transport.json<Tenant>(at(tenant), options),
    /** Records a tenant, or replaces what it may; its keys stay. */
    put: (tenant: string, change: TenantChange = {}, options?: RequestOptions) =>
      transport.json<Tenant>(at(tenant), { method: "PUT", json: change, repeatable: true, ...options }),
    /** The answer has the secret, this once. */
    createKey: (
      tenant: string,
      key: { id: string; scopes?: readonly string[]; expiresAt?: string | null },
      options?: RequestOptions,
    ) => transport.json<CreatedKey>(at(tenant, "/keys"), { method: "POST", json: key, ...options }),
    /** A new secret under the same id; the ones before open for the overlap, a day if left out. */
    rotateKey: (
      tenant: string,
      key: string,
      { overlapSeconds, ...options }: RequestOptions & { overlapSeconds?: number } = {},
    ) =>
      transport.json<CreatedKey>(at(tenant, `/keys/${id(key)}/rotate`), {
        ...{ method: "POST", json: { overlapSeconds }, ...options },
      }),
    revokeKey: async (tenant: string, key: string, options?: RequestOptions): Promise<void> => {
      await transport.send(at(tenant, `/keys/${id(key)}`), { method: "DELETE", ...options });
    },
    /** Days of UTC, as `2026-01-31`; the last thirty if left out. */
    usage: (tenant: string, { from, to, ...options }: RequestOptions & { from?: string; to?: string } = {}) =>
      transport.json<Usage>(at(tenant, "/usage"), { query: { from, to }, ...options }),
    /** Of all tenants, newest first. */
    audit: (options: ListOptions = {}): Listing<AuditEntry> =>
      createListing<AuditEntry>(transport, "/v1/audit", { ...options }),
  };
};
