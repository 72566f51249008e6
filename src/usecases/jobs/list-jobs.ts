import { z } from "zod";
import type { Job } from "../../domain/jobs/job.ts";
import { JobState } from "../../domain/jobs/job-state.ts";
import type { Page } from "../../domain/page.ts";
import type { Caller } from "../admission/caller.ts";
import { type PageParameters, paged } from "../admission/paging.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";

const Filter = z.object({ state: JobState.optional() });

/** Newest first; with `state`, only those in it. */
export const listJobs = async (
  deps: Deps,
  caller: Caller,
  request: PageParameters & { state?: string | undefined },
): Promise<Page<Job>> => {
  const { state } = parse(Filter, { state: request.state || undefined }, { base: "/query" });
  return paged(`jobs.${state ?? "all"}`, request, (page) => deps.jobs.list(caller.tenant, page, state ?? null));
};
