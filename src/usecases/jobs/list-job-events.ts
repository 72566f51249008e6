import { z } from "zod";
import type { JobEvent } from "../../domain/jobs/job.ts";
import { limits } from "../../domain/limits.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { parseJobId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { parseEventId } from "./event-id.ts";

const Limit = z.object({ limit: z.int().min(1).max(limits.eventsPerJob).default(100) });

/** Oldest first, those after the event `after`. The last one's id continues the listing, or starts a watch. */
export const listJobEvents = async (
  deps: Deps,
  caller: Caller,
  request: { id: string; after?: string | undefined; limit?: number | undefined },
): Promise<{ items: JobEvent[]; nextAfter: string | null }> => {
  const id = parseJobId(request.id);
  const after = parseEventId(request.after);
  const { limit } = parse(Limit, { limit: request.limit }, { base: "/query" });
  await deps.jobs.get(caller.tenant, id);
  const items = await deps.jobs.events(caller.tenant, id, after, limit);
  return { items, nextAfter: items.length === limit ? (items.at(-1)?.id ?? null) : null };
};
