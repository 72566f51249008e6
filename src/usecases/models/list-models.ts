import type { AnyModel } from "../../domain/models/model.ts";
import type { Page } from "../../domain/page.ts";
import type { Caller } from "../admission/caller.ts";
import { type PageParameters, paged } from "../admission/paging.ts";
import type { Deps } from "../deps.ts";

/** Newest first. */
export const listModels = (deps: Deps, caller: Caller, page: PageParameters): Promise<Page<AnyModel>> =>
  paged("models", page, (request) => deps.catalogue.models(caller.tenant, request));
