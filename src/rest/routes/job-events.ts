import { Readable } from "node:stream";
import type { z } from "zod";
import { parseEventId } from "../../usecases/jobs/event-id.ts";
import { getJob } from "../../usecases/jobs/get-job.ts";
import { listJobEvents } from "../../usecases/jobs/list-job-events.ts";
import { watchJob } from "../../usecases/jobs/watch-job.ts";
import type { EventsQuery } from "../openapi/schemas.ts";
import { toEventStream } from "./event-stream.ts";
import type { RestCall } from "./route.ts";

/** JSON only when asked for by name: EventSource asks for `text/event-stream`, curl for anything. */
export const wantsPage = (accept: string | undefined): boolean =>
  accept?.includes("application/json") === true && !accept.includes("text/event-stream");

export const answerEvents = async (call: RestCall<z.output<typeof EventsQuery>>): Promise<unknown> => {
  const { deps, caller, params, query, request, reply } = call;
  const id = params.id ?? "";
  reply.header("vary", "accept");
  if (wantsPage(request.headers.accept)) return listJobEvents(deps, caller, { id, ...query });

  const resumed = request.headers["last-event-id"]?.toString() || query.after;
  if (resumed !== undefined) {
    parseEventId(resumed);
    // The job before its events: one that ends between the two reads is then still followed to its last event.
    const job = await getJob(deps, caller, { id });
    const { items } = await listJobEvents(deps, caller, { id, after: resumed, limit: 1 });
    if (job.done && items.length === 0) return reply.code(204).send();
  }
  const { signal } = call;
  const events = await watchJob(deps, caller, { id, afterEventId: resumed, signal });
  reply.type("text/event-stream").header("cache-control", "no-store").header("x-accel-buffering", "no");
  return reply.send(Readable.from(toEventStream(events, { requestId: request.id, signal }), { objectMode: false }));
};
