import { Readable } from "node:stream";
import type { z } from "zod";
import type { JobEvent } from "../../domain/jobs/job.ts";
import { requireOpened } from "../../usecases/access/event-tokens.ts";
import type { Caller } from "../../usecases/admission/caller.ts";
import type { Deps } from "../../usecases/deps.ts";
import { parseEventId } from "../../usecases/jobs/event-id.ts";
import type { WatchQuery } from "../openapi/schemas.ts";
import { toEventStream } from "./event-stream.ts";
import type { RestCall } from "./route.ts";

/** JSON only when asked for by name: EventSource asks for `text/event-stream`, curl for anything. */
export const wantsPage = (accept: string | undefined): boolean =>
  accept?.includes("application/json") === true && !accept.includes("text/event-stream");

type EventsCall = RestCall<z.output<typeof WatchQuery>>;

/** The use cases of whatever has events. */
interface Watched {
  get(deps: Deps, caller: Caller, request: { id: string }): Promise<{ done: boolean }>;
  list(
    deps: Deps,
    caller: Caller,
    request: { id: string; after?: string | undefined; limit?: number | undefined },
  ): Promise<{ items: readonly JobEvent[] }>;
  watch(
    deps: Deps,
    caller: Caller,
    request: { id: string; afterEventId?: string | undefined; signal: AbortSignal },
  ): Promise<AsyncGenerator<JobEvent, void, void>>;
}

/** Server-sent, resumable; or a page, for those who want one. */
export const answerEvents =
  ({ get, list, watch }: Watched) =>
  async (call: EventsCall): Promise<unknown> => {
    const { deps, caller, params, query, request, reply } = call;
    const id = params.id ?? "";
    requireOpened(caller, id);
    reply.header("vary", "accept");
    if (wantsPage(request.headers.accept)) return list(deps, caller, { id, after: query.after, limit: query.limit });

    const last = request.headers["last-event-id"]?.toString();
    const resumed = last || query.after;
    if (resumed !== undefined) {
      parseEventId(resumed, last ? "/headers/last-event-id" : undefined);
      // The record before its events: one that ends between the two reads is then still followed to its last event.
      const { done } = await get(deps, caller, { id });
      const { items } = await list(deps, caller, { id, after: resumed, limit: 1 });
      if (done && items.length === 0) return reply.code(204).send();
    }
    const { signal } = call;
    const events = await watch(deps, caller, { id, afterEventId: resumed, signal });
    reply.type("text/event-stream").header("cache-control", "no-store").header("x-accel-buffering", "no");
    return reply.send(Readable.from(toEventStream(events, { requestId: request.id, signal }), { objectMode: false }));
  };
