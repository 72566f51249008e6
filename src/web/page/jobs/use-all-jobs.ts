import { useEffect, useState } from "preact/hooks";
import type { DescentError } from "../../../client/errors.ts";
import { api, toFailure } from "../api.ts";
import { type ListedJob, toListed } from "./job-list.ts";

export interface AllJobs {
  jobs: readonly ListedJob[];
  /** Whether they are all there are. */
  complete: boolean;
  failure: DescentError | null;
}

const none: AllJobs = { jobs: [], complete: false, failure: null };
/** Between two looks at those that may have changed. */
const againMs = 5000;

/** The jobs that were not done, as they are now, and those that are new. */
const refreshed = async (known: readonly ListedJob[], signal: AbortSignal): Promise<ListedJob[]> => {
  const { items } = await api.jobs({ state: "", pageToken: null }, signal);
  const seen = new Map(items.map((job) => [job.id as string, toListed(job, Date.now())]));
  const open = known.filter(({ id, done }) => !done && !seen.has(id)).slice(0, 50);
  const changed = await Promise.all(open.map(async ({ id }) => toListed(await api.job(id, signal), Date.now())));
  for (const job of changed) seen.set(job.id, job);
  const ids = new Set(known.map(({ id }) => id));
  return [...[...seen.values()].filter(({ id }) => !ids.has(id)), ...known.map((job) => seen.get(job.id) ?? job)];
};

/** All jobs, page by page, while `wanted`; what has come is there at once. */
export const useAllJobs = (wanted: boolean): AllJobs => {
  const [state, setState] = useState<AllJobs>(none);
  useEffect(() => {
    if (!wanted) return;
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = async (): Promise<void> => {
      let jobs: ListedJob[] = [];
      for (let token: string | null = null; ; ) {
        const page = await api.manyJobs(token, signal);
        jobs = [...jobs, ...page.items.map((job) => toListed(job, Date.now()))];
        token = page.nextPageToken;
        setState({ jobs, complete: token === null, failure: null });
        if (token === null) break;
      }
      const again = async (): Promise<void> => {
        jobs = await refreshed(jobs, signal);
        setState({ jobs, complete: true, failure: null });
        timer = setTimeout(() => void again().catch(fail), againMs);
      };
      timer = setTimeout(() => void again().catch(fail), againMs);
    };
    const fail = (error: unknown): void => {
      if (!signal.aborted) setState((before) => ({ ...before, failure: toFailure(error) }));
    };
    follow().catch(fail);
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [wanted]);
  return wanted ? state : none;
};
