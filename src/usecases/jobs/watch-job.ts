import type { JobEvent } from "../../domain/jobs/job.ts";
import { isDone } from "../../domain/jobs/job-state.ts";
import { requireOpened } from "../access/event-tokens.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { parseEventId } from "./event-id.ts";
import { followEvents } from "./follow-events.ts";

/**
 * A job's events after `afterEventId`, live. It returns only when the job is done and its last event was given, so that nobody takes
 * an interruption for the end: when the signal aborts it throws `unavailable`. Rejects before the first event with `not_found` or
 * `invalid`; a consumer that reads slowly slows the reading from Redis.
 */
export const watchJob = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; afterEventId?: string | undefined; signal: AbortSignal },
): Promise<AsyncGenerator<JobEvent, void, void>> => {
  const id = parseJobId(request.id);
  requireOpened(caller, id);
  const after = parseEventId(request.afterEventId);
  await deps.jobs.state(caller.tenant, id);
  const isOver = async (): Promise<boolean> => isDone(await deps.jobs.state(caller.tenant, id));
  return followEvents(deps, caller.tenant, { id, after, signal: request.signal, isDone: isOver, source: deps.jobs });
};
