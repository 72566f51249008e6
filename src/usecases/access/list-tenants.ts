import { type Tenant, toTenant } from "../../domain/access/tenant.ts";
import type { Page } from "../../domain/page.ts";
import type { Caller } from "../admission/caller.ts";
import { type PageParameters, paged } from "../admission/paging.ts";
import type { Deps } from "../deps.ts";

/** By id. */
export const listTenants = (deps: Deps, _caller: Caller, page: PageParameters): Promise<Page<Tenant>> =>
  paged("tenants", page, async ({ pageSize, pageToken }) => {
    const now = deps.now().toISOString();
    const left = (await deps.access.tenants()).filter(({ id }) => pageToken === null || id > pageToken);
    const items = left.slice(0, pageSize).map((record) => toTenant(record, now));
    return { items, nextPageToken: left.length > pageSize ? (items.at(-1)?.id ?? null) : null };
  });
