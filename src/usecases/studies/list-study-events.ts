import { z } from "zod";
import type { JobEvent } from "../../domain/jobs/job.ts";
import { limits } from "../../domain/limits.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { withinPage } from "../admission/read-page.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { parseEventId } from "../jobs/event-id.ts";
import { readEvents } from "../jobs/read-events.ts";

const Limit = z.object({ limit: z.int().min(1).max(limits.eventsPerJob).default(100) });

/** As listJobEvents. */
export const listStudyEvents = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; after?: string | undefined; limit?: number | undefined },
): Promise<{ items: JobEvent[]; nextAfter: string | null }> => {
  const id = parseStudyId(request.id);
  const after = parseEventId(request.after);
  const { limit } = parse(Limit, { limit: request.limit }, { base: "/query" });
  await deps.studies.get(caller.tenant, id);
  const { notice, events, more } = await readEvents(
    { jobs: deps.studies, now: deps.now },
    caller.tenant,
    id,
    after,
    limit,
  );
  const shown = withinPage(events);
  return {
    items: notice === null ? shown : [notice, ...shown],
    nextAfter: more || shown.length < events.length ? (shown.at(-1)?.id ?? null) : null,
  };
};
