import type { Dataset } from "../../domain/datasets/dataset.ts";
import type { Page } from "../../domain/page.ts";
import type { Caller } from "../admission/caller.ts";
import { type PageParameters, paged } from "../admission/paging.ts";
import type { Deps } from "../deps.ts";

/** Newest first. */
export const listDatasets = (deps: Deps, caller: Caller, page: PageParameters): Promise<Page<Dataset>> =>
  paged("datasets", page, (request) => deps.catalogue.datasets(caller.tenant, request));
