import { Readable } from "node:stream";
import type { z } from "zod";
import { parseEventId } from "../../../usecases/jobs/event-id.ts";
import { getStudy } from "../../../usecases/studies/get-study.ts";
import { listStudyEvents } from "../../../usecases/studies/list-study-events.ts";
import { watchStudy } from "../../../usecases/studies/watch-study.ts";
import type { EventsQuery } from "../../openapi/schemas.ts";
import { toEventStream } from "../event-stream.ts";
import { wantsPage } from "../job-events.ts";
import type { RestCall } from "../route.ts";

/** As those of a job. */
export const answerStudyEvents = async (call: RestCall<z.output<typeof EventsQuery>>): Promise<unknown> => {
  const { deps, caller, params, query, request, reply, signal } = call;
  const id = params.id ?? "";
  reply.header("vary", "accept");
  if (wantsPage(request.headers.accept)) return listStudyEvents(deps, caller, { id, ...query });
  const resumed = request.headers["last-event-id"]?.toString() || query.after;
  if (resumed !== undefined) {
    parseEventId(resumed);
    const study = await getStudy(deps, caller, { id });
    const { items } = await listStudyEvents(deps, caller, { id, after: resumed, limit: 1 });
    if (study.done && items.length === 0) return reply.code(204).send();
  }
  const events = await watchStudy(deps, caller, { id, afterEventId: resumed, signal });
  reply.type("text/event-stream").header("cache-control", "no-store").header("x-accel-buffering", "no");
  return reply.send(Readable.from(toEventStream(events, { requestId: request.id, signal }), { objectMode: false }));
};
