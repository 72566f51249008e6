import { z } from "zod";
import type { TenantId } from "../../domain/ids.ts";
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

interface EventsRequest {
  id: string;
  after?: string | undefined;
  limit?: number | undefined;
}

interface EventsPage {
  items: JobEvent[];
  nextAfter: string | null;
}

/**
 * Oldest first, those after the event `after`. The last one's id continues the listing, or starts a watch. Before them comes one of
 * the type `events_missing` if others are gone that the reader has not had.
 */
export const listJobEvents = (deps: Deps, caller: Caller, request: EventsRequest): Promise<EventsPage> =>
  listEvents(deps, caller.tenant, request, {
    ...{ source: deps.jobs, parseId: parseJobId },
    mustExist: (id) => deps.jobs.state(caller.tenant, id),
  });

interface Listed {
  source: Pick<Deps["jobs"], "events">;
  parseId(id: string): string;
  /** `not_found` if there is nothing of this id. */
  mustExist(id: string): Promise<unknown>;
}

/** As listJobEvents, of whatever has events. */
export const listEvents = async (
  { now }: Pick<Deps, "now">,
  tenant: TenantId,
  request: EventsRequest,
  { source, parseId, mustExist }: Listed,
): Promise<EventsPage> => {
  const id = parseId(request.id);
  const after = parseEventId(request.after);
  const { limit } = parse(Limit, { limit: request.limit }, { base: "/query" });
  await mustExist(id);
  const read = (from: string | null, most: number): Promise<EventsRead> =>
    readEvents({ jobs: source, now }, tenant, id, from, Math.min(most, batch));
  const { notice, events, more } = await readPageOfEvents(read, after, limit);
  const shown = withinPage(events);
  return {
    items: notice === null ? shown : [notice, ...shown],
    nextAfter: more || shown.length < events.length ? (shown.at(-1)?.id ?? null) : null,
  };
};

const batch = 100;

/** No more than a page has room for, and a batch: a thousand events may be many megabytes. */
const readPageOfEvents = async (
  read: (after: string | null, most: number) => Promise<EventsRead>,
  after: string | null,
  limit: number,
): Promise<EventsRead> => {
  const { notice, events, ...first } = await read(after, limit);
  let { more } = first;
  let bytes = bytesOf(events);
  while (more && events.length < limit && bytes < limits.pageBytes) {
    const next = await read(events.at(-1)?.id ?? null, limit - events.length);
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
