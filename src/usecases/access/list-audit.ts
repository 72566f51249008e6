import type { AuditEntry } from "../../domain/access/usage.ts";
import type { Page } from "../../domain/page.ts";
import type { Caller } from "../admission/caller.ts";
import { type PageParameters, paged } from "../admission/paging.ts";
import type { Deps } from "../deps.ts";

/** Who changed what, or tried to, of all tenants; newest first. The newest 100,000 or so are kept. */
export const listAudit = (deps: Deps, _caller: Caller, page: PageParameters): Promise<Page<AuditEntry>> =>
  paged("audit", page, async ({ pageSize, pageToken }) => {
    const items = await deps.access.auditLog(pageToken, pageSize);
    return { items, nextPageToken: items.length === pageSize ? (items.at(-1)?.id ?? null) : null };
  });
