import type { Alias } from "../../domain/models/alias.ts";
import type { Page } from "../../domain/page.ts";
import type { Caller } from "../admission/caller.ts";
import { type PageParameters, paged } from "../admission/paging.ts";
import type { Deps } from "../deps.ts";

/** By name. */
export const listAliases = (deps: Deps, caller: Caller, page: PageParameters): Promise<Page<Alias>> =>
  paged("aliases", page, async ({ pageSize, pageToken }) => {
    const all = await deps.catalogue.aliases(caller.tenant);
    const rest = pageToken === null ? all : all.filter(({ name }) => name > pageToken);
    const items = rest.slice(0, pageSize);
    return { items, nextPageToken: rest.length > pageSize ? (items.at(-1)?.name ?? null) : null };
  });
