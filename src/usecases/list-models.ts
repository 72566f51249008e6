import type { Model } from "../domain/model.ts";
import type { Page } from "../domain/page.ts";
import type { Caller } from "./caller.ts";
import type { Deps } from "./deps.ts";
import { type PageParameters, paged } from "./paging.ts";

/** Newest first. */
export const listModels = (deps: Deps, caller: Caller, page: PageParameters): Promise<Page<Model>> =>
  paged("models", page, (request) => deps.catalogue.models(caller.tenant, request));
