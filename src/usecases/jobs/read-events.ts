import type { JobId, TenantId } from "../../domain/ids.ts";
import { isBefore } from "../../domain/jobs/event-order.ts";
import type { JobEvent } from "../../domain/jobs/job.ts";
import type { Deps } from "../deps.ts";

export interface EventsRead {
  /** What the reader would otherwise not learn; an event of the type `events_missing`, to be given before the others. */
  notice: JobEvent | null;
  events: JobEvent[];
  /** Whether there may be more after them. */
  more: boolean;
}

/** It is no event of the record and has no id: a client that resumes after it starts with the first event that is kept. */
const noticeOf = ({ now }: Pick<Deps, "now">, message: string, data: JobEvent["data"]): JobEvent => ({
  ...{ id: "", at: now().toISOString(), level: "warn", type: "events_missing", message, data },
});

/** A job begins as `queued`; a study, which waits for nothing, as `running`, which it may be again once it is resumed. */
const isFirst = ({ type, data, message }: JobEvent): boolean =>
  type === "state" && (data.state === "queued" || (data.state === "running" && message === "submitted"));

/**
 * A job's events after the one that the reader has, oldest first, at most `limit`. Only the newest are kept, so those that follow
 * may be gone; and an id may be of another record's, from before Redis was lost. Neither is passed over in silence.
 */
export const readEvents = async (
  deps: { jobs: Pick<Deps["jobs"], "events">; now: Deps["now"] },
  tenant: TenantId,
  id: JobId,
  after: string | null,
  limit: number,
): Promise<EventsRead> => {
  // From the reader's event on, in one read: that it is still there shows that nothing after it is gone. One more tells of more.
  const read = await deps.jobs.events(tenant, id, { from: after, limit: limit + 2 });
  const [first] = read;
  const partOf = (events: JobEvent[], notice: JobEvent | null): EventsRead => ({
    ...{ notice, events: events.slice(0, limit), more: events.length > limit },
  });
  if (after === null) {
    if (first === undefined || isFirst(first)) return partOf(read, null);
    const message = `events before ${first.id} are gone: only the newest are kept`;
    return partOf(read, noticeOf(deps, message, { reason: "trimmed", after: null, next: first.id }));
  }
  if (first?.id === after) return partOf(read.slice(1), null);
  if (first === undefined) {
    const all = await deps.jobs.events(tenant, id, { from: null, limit: limit + 1 });
    const message = `this job has no event ${after} yet; what follows begins with the first event that is kept`;
    return partOf(all, noticeOf(deps, message, { reason: "unknown_id", after, next: all[0]?.id ?? null }));
  }
  const [oldest] = await deps.jobs.events(tenant, id, { from: null, limit: 1 });
  // An id between two events that are kept is nobody's, but nothing is missing after it.
  if (oldest === undefined || isBefore(oldest.id, after)) return partOf(read, null);
  const message = `events between ${after} and ${first.id} may be gone: only the newest are kept`;
  return partOf(read, noticeOf(deps, message, { reason: "trimmed", after, next: first.id }));
};
