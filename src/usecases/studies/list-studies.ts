import type { Page } from "../../domain/page.ts";
import type { Study } from "../../domain/studies/study.ts";
import type { Caller } from "../admission/caller.ts";
import { type PageParameters, paged } from "../admission/paging.ts";
import type { Deps } from "../deps.ts";

/** Newest first. */
export const listStudies = (deps: Deps, caller: Caller, page: PageParameters): Promise<Page<Study>> =>
  paged("studies", page, (request) => deps.studies.list(caller.tenant, request));
