import type { JobEvent } from "../../domain/jobs/job.ts";
import type { Caller } from "../admission/caller.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { parseEventId } from "./event-id.ts";
import { followJob } from "./job-changes.ts";

const batch = 100;
/** As in getJob: a lost message costs at most this. */
const lookAgainMs = 5000;

/**
 * A job's events after `afterEventId`, live, until the job is done and its last event was given, or the signal aborts.
 * Rejects before the first event with `not_found` or `invalid`; a consumer that reads slowly slows the reading from Redis.
 */
export const watchJob = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; afterEventId?: string | undefined; signal: AbortSignal },
): Promise<AsyncGenerator<JobEvent, void, void>> => {
  const id = parseJobId(request.id);
  const after = parseEventId(request.afterEventId);
  await deps.jobs.get(caller.tenant, id);
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
      const { done } = await deps.jobs.get(caller.tenant, id);
      let events: JobEvent[];
      do {
        events = await deps.jobs.events(caller.tenant, id, last, batch);
        for (const event of events) {
          if (signal.aborted) return;
          yield event;
          last = event.id;
        }
      } while (events.length === batch);
      if (done) return;
      await changes.next(lookAgainMs, signal);
    }
  } finally {
    changes.close();
  }
}
