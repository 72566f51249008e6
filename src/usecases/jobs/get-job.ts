import { z } from "zod";
import type { Job } from "../../domain/jobs/job.ts";
import { limits } from "../../domain/limits.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { followJob } from "./job-changes.ts";

const Wait = z.object({ wait: z.number().min(0).max(limits.waitSeconds) });

/** Changes are published, but a message can be lost while Redis restarts: look again at least this often. */
const lookAgainMs = 5000;

/**
 * A job as it is now; with `waitSeconds`, as it is when its state has changed, the job is done, the time is over or
 * the signal aborts (the client has gone, the server closes), whichever is first.
 */
export const getJob = async (
  deps: Deps,
  caller: Caller,
  request: {
    id: string;
    waitSeconds?: number | undefined;
    /** Whether the client has seen the job as it is; if not, there is nothing to wait for. */
    isKnown?: (job: Job) => boolean;
    signal?: AbortSignal | undefined;
  },
): Promise<Job> => {
  const id = parseJobId(request.id);
  const { waitSeconds } = request;
  const wait = waitSeconds === undefined ? 0 : parse(Wait, { wait: waitSeconds }, { base: "/query" }).wait;
  if (wait === 0) return deps.jobs.get(caller.tenant, id);
  const first = await deps.jobs.get(caller.tenant, id);
  if (first.done || request.isKnown?.(first) === false) return first;

  const signal = request.signal ?? new AbortController().signal;
  const endMs = performance.now() + wait * 1000;
  const changes = await followJob(deps, caller.tenant, id);
  try {
    for (;;) {
      // A record may have a megabyte, and changes several times a second: only what is sent is read whole.
      const state = await deps.jobs.state(caller.tenant, id);
      const leftMs = endMs - performance.now();
      if (state !== first.state || leftMs <= 0 || signal.aborted) return await deps.jobs.get(caller.tenant, id);
      await changes.next(Math.min(leftMs, lookAgainMs), signal);
    }
  } finally {
    changes.close();
  }
};
