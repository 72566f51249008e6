import { z } from "zod";
import type { Job } from "../domain/job.ts";
import { JobState } from "../domain/job-state.ts";
import type { Page } from "../domain/page.ts";
import type { Caller } from "./caller.ts";
import type { Deps } from "./deps.ts";
import { type PageParameters, paged } from "./paging.ts";
import { parse } from "./parse.ts";

const Filter = z.object({ state: JobState.optional() });

/** Newest first; with `state`, only those in it. */
export const listJobs = async (
  deps: Deps,
  caller: Caller,
  request: PageParameters & { state?: string | undefined },
): Promise<Page<Job>> => {
  const { state } = parse(Filter, { state: request.state || undefined }, "/query");
  return paged(`jobs.${state ?? "all"}`, request, (page) => deps.jobs.list(caller.tenant, page, state ?? null));
};
