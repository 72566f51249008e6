import type { Dataset } from "../domain/dataset.ts";
import type { Page } from "../domain/page.ts";
import type { Caller } from "./caller.ts";
import type { Deps } from "./deps.ts";
import { type PageParameters, paged } from "./paging.ts";

/** Newest first. */
export const listDatasets = (deps: Deps, caller: Caller, page: PageParameters): Promise<Page<Dataset>> =>
  paged("datasets", page, (request) => deps.catalogue.datasets(caller.tenant, request));
