import { useEffect, useState } from "preact/hooks";
import type { DescentError } from "../../../client/errors.ts";
import { api, toFailure } from "../api.ts";
import { isPassing, retryMs } from "../poll.ts";
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

/** From the newest on, page by page, until one has a job that is known. */
const newest = async (known: ReadonlySet<string>, signal: AbortSignal): Promise<ListedJob[]> => {
  const jobs: ListedJob[] = [];
  for (let token: string | null = null; ; ) {
    const page = await api.manyJobs(token, signal);
    jobs.push(...page.items.map((job) => toListed(job, Date.now())));
    token = page.nextPageToken;
    if (token === null || page.items.some(({ id }) => known.has(id))) return jobs;
  }
};

/** The jobs that were not done, as they are now, and those that are new. */
const refreshed = async (known: readonly ListedJob[], signal: AbortSignal): Promise<ListedJob[]> => {
  const ids = new Set(known.map(({ id }) => id));
  const seen = new Map((await newest(ids, signal)).map((job) => [job.id, job]));
  const open = known.filter(({ id, done }) => !done && !seen.has(id)).slice(0, 50);
  const changed = await Promise.all(open.map(async ({ id }) => toListed(await api.job(id, signal), Date.now())));
  for (const job of changed) seen.set(job.id, job);
  return [...[...seen.values()].filter(({ id }) => !ids.has(id)), ...known.map((job) => seen.get(job.id) ?? job)];
};

/** All jobs, page by page, while `wanted`; what has come is there at once. What fails is tried again. */
export const useAllJobs = (wanted: boolean): AllJobs => {
  const [state, setState] = useState<AllJobs>(none);
  useEffect(() => {
    if (!wanted) return;
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const readAll = async (): Promise<ListedJob[]> => {
      let jobs: ListedJob[] = [];
      for (let token: string | null = null; ; ) {
        const page = await api.manyJobs(token, signal);
        jobs = [...jobs, ...page.items.map((job) => toListed(job, Date.now()))];
        token = page.nextPageToken;
        if (token === null) return jobs;
        setState({ jobs, complete: false, failure: null });
      }
    };
    /** `known` null: all of them are read. */
    const look = async (known: readonly ListedJob[] | null, failures: number): Promise<void> => {
      try {
        const jobs = known === null ? await readAll() : await refreshed(known, signal);
        if (signal.aborted) return;
        setState({ jobs, complete: true, failure: null });
        timer = setTimeout(() => void look(jobs, 0), againMs);
      } catch (error) {
        if (signal.aborted) return;
        const failure = toFailure(error);
        setState((before) => ({ ...before, failure }));
        // Of those that were known one may have been deleted meanwhile: then all are read.
        const next = failure.status === 404 ? null : known;
        if (isPassing(failure) || next !== known)
          timer = setTimeout(() => void look(next, failures + 1), retryMs(failures));
      }
    };
    void look(null, 0);
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [wanted]);
  return wanted ? state : none;
};
