import { z } from "zod";
import type { JobId } from "../../domain/ids.ts";
import type { JobEvent } from "../../domain/jobs/job.ts";
import { limits } from "../../domain/limits.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { withinPage } from "../admission/read-page.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { parseEventId } from "./event-id.ts";
import { type EventsRead, readEvents } from "./read-events.ts";

const Limit = z.object({ limit: z.int().min(1).max(limits.eventsPerJob).default(100) });

/**
 * Oldest first, those after the event `after`. The last one's id continues the listing, or starts a watch. Before them comes one of
 * the type `events_missing` if others are gone that the reader has not had.
 */
export const listJobEvents = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; after?: string | undefined; limit?: number | undefined },
): Promise<{ items: JobEvent[]; nextAfter: string | null }> => {
  const id = parseJobId(request.id);
  const after = parseEventId(request.after);
  const { limit } = parse(Limit, { limit: request.limit }, { base: "/query" });
  await deps.jobs.state(caller.tenant, id);
  const { notice, events, more } = await readPageOfEvents(deps, caller, id, after, limit);
  const shown = withinPage(events);
  return {
    items: notice === null ? shown : [notice, ...shown],
    nextAfter: more || shown.length < events.length ? (shown.at(-1)?.id ?? null) : null,
  };
};

const batch = 100;

/** No more than a page has room for, and a batch: a thousand events may be many megabytes. */
const readPageOfEvents = async (
  deps: Deps,
  { tenant }: Caller,
  id: JobId,
  after: string | null,
  limit: number,
): Promise<EventsRead> => {
  const { notice, events, ...first } = await readEvents(deps, tenant, id, after, Math.min(limit, batch));
  let { more } = first;
  let bytes = bytesOf(events);
  while (more && events.length < limit && bytes < limits.pageBytes) {
    const last = events.at(-1)?.id ?? null;
    const next = await readEvents(deps, tenant, id, last, Math.min(limit - events.length, batch));
    // What has gone meanwhile is told to whoever asks for what follows.
    if (next.notice !== null) break;
    events.push(...next.events);
    bytes += bytesOf(next.events);
    more = next.more;
  }
  return { notice, events, more };
};

const bytesOf = (events: readonly JobEvent[]): number =>
  events.reduce((bytes, event) => bytes + JSON.stringify(event).length, 0);
