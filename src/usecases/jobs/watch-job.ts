import { ServiceError } from "../../domain/errors.ts";
import type { JobEvent } from "../../domain/jobs/job.ts";
import { isDone } from "../../domain/jobs/job-state.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { parseEventId } from "./event-id.ts";
import { followJob } from "./job-changes.ts";
import { readEvents } from "./read-events.ts";

const interrupted = (): ServiceError =>
  new ServiceError("unavailable", "the watch was interrupted before the job was done; resume it after the last event");

const batch = 100;
/** As in getJob: a lost message costs at most this. */
const lookAgainMs = 5000;

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
  const after = parseEventId(request.afterEventId);
  await deps.jobs.state(caller.tenant, id);
  return follow(deps, caller, { id, after, signal: request.signal });
};

async function* follow(
  deps: Deps,
  caller: Caller,
  { id, after, signal }: { id: string; after: string | null; signal: AbortSignal },
): AsyncGenerator<JobEvent, void, void> {
  const changes = await followJob(deps, caller.tenant, id);
  let last = after;
  try {
    while (!signal.aborted) {
      // The state is read first: an event written between the two reads is found by the second, or by the next round.
      const done = isDone(await deps.jobs.state(caller.tenant, id));
      for (let more = true; more; ) {
        const read = await readEvents(deps, caller.tenant, id, last, batch);
        for (const event of read.notice === null ? read.events : [read.notice, ...read.events]) {
          if (signal.aborted) throw interrupted();
          yield event;
        }
        last = read.events.at(-1)?.id ?? last;
        more = read.more;
      }
      if (done) return;
      await changes.next(lookAgainMs, signal);
    }
    throw interrupted();
  } finally {
    changes.close();
  }
}
