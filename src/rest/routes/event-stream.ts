import { toProblem } from "../../domain/errors.ts";
import type { JobEvent } from "../../domain/jobs/job.ts";
import { toServiceError } from "../problem.ts";

/** Proxies close what is silent for a minute. */
const heartbeatMs = 15_000;

const silence = Symbol("silence");

const orSilence = async <T>(wanted: Promise<T>, ms: number): Promise<T | typeof silence> => {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<typeof silence>((resolve) => {
    timer = setTimeout(() => resolve(silence), ms);
  });
  try {
    return await Promise.race([wanted, quiet]);
  } finally {
    clearTimeout(timer);
  }
};

/** JSON holds no line break, so one `data` line is enough. No `event` field: every event reaches `onmessage`, its type is in the data. */
const toMessage = (event: JobEvent): string => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`;

/**
 * Events as server-sent events (WHATWG HTML, 9.2): the id for `Last-Event-ID`, a comment as heartbeat, `event: end` after the
 * last one of a job that is done so that a browser can close instead of reconnecting, `event: problem` when the service cannot go
 * on. When the signal aborts, as the server closes, the stream just ends: whoever reads it comes back.
 */
export async function* toEventStream(
  events: AsyncGenerator<JobEvent, void, void>,
  { requestId, signal }: { requestId: string; signal: AbortSignal },
  everyMs: number = heartbeatMs,
): AsyncGenerator<string, void, void> {
  yield "retry: 1000\n\n";
  let next = events.next();
  try {
    for (;;) {
      const result = await orSilence(next, everyMs);
      if (result === silence) {
        yield ": alive\n\n";
        continue;
      }
      if (result.done === true) break;
      yield toMessage(result.value);
      next = events.next();
    }
    yield "event: end\ndata: {}\n\n";
  } catch (error) {
    if (signal.aborted) return;
    yield `event: problem\ndata: ${JSON.stringify(toProblem(toServiceError(error, requestId), requestId))}\n\n`;
  } finally {
    // The generator may be waiting: what it still brings, or throws, concerns nobody any more.
    next.catch(() => undefined);
    void events.return();
  }
}
