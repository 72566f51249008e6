import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { JobEvent } from "../../domain/jobs/job.ts";
import type { Deps } from "../deps.ts";
import { followJob } from "./job-changes.ts";
import { readEvents } from "./read-events.ts";

const interrupted = (): ServiceError =>
  new ServiceError("unavailable", "the watch was interrupted before its end; resume it after the last event");

const batch = 100;
/** As in getJob: a lost message costs at most this. */
const lookAgainMs = 5000;

interface Followed {
  /** Of a job or a study. */
  id: string;
  after: string | null;
  signal: AbortSignal;
  isDone(): Promise<boolean>;
  source: Pick<Deps["jobs"], "events">;
}

/** Events after `after`, live, until what they are of is done and the last was given. */
export async function* followEvents(
  deps: Deps,
  tenant: TenantId,
  { id, after, signal, isDone, source }: Followed,
): AsyncGenerator<JobEvent, void, void> {
  const changes = await followJob(deps, tenant, id);
  let last = after;
  try {
    while (!signal.aborted) {
      // The state is read first: an event written between the two reads is found by the second, or by the next round.
      const done = await isDone();
      for (let more = true; more; ) {
        const read = await readEvents({ jobs: source, now: deps.now }, tenant, id, last, batch);
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
