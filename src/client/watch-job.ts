import { DescentError, isPassing, toError } from "./errors.ts";
import { eventMessages } from "./event-messages.ts";
import { pause, type RequestOptions, retryMs, type Transport } from "./transport.ts";
import type { Job, JobEvent } from "./types.ts";

export interface WatchOptions extends RequestOptions {
  /** Only events after the one with this id. */
  after?: string;
  /**
   * What opens the events in place of a key, as `createToken` makes it: for pages. It is asked for before every connection, the first one too, since the last
   * one's time may be over. A DescentError that it throws counts as the service's own: what will pass is tried again.
   */
  token?: () => string | Promise<string>;
}

/** So many connections in a row that bring nothing, and the service is taken for gone: about half a minute. */
const triesInVain = 10;

const problemOf = (data: string): DescentError => {
  const { status } = JSON.parse(data) as { status: number };
  return toError(status, data, () => null);
};

/**
 * The events of a job or a study until it is done. A connection that breaks is made again from where it was, so that each event comes once; ends
 * with an error only when the service refuses or stays away.
 */
export async function* watchEvents(
  transport: Transport,
  path: string,
  { after, token, ...options }: WatchOptions = {},
): AsyncGenerator<JobEvent, void, void> {
  const { signal } = options;
  let last = after;
  let failure: DescentError | null = null;
  for (let failures = 0; failures < triesInVain; failures++) {
    if (failures > 0) await pause(retryMs(failures - 1, failure?.retryAfterSeconds ?? null), signal);
    try {
      const headers = {
        accept: "text/event-stream",
        ...(token === undefined ? {} : { authorization: `Token ${await token()}` }),
        ...(last === undefined ? {} : { "last-event-id": last }),
      };
      const response = await transport.send(path, { ...options, headers, repeatable: false });
      // 204: it is done, and its last event was had.
      if (response.status === 204 || response.body === null) return;
      for await (const message of eventMessages(response.body)) {
        if (message.event === "end") return;
        if (message.event === "problem") throw problemOf(message.data);
        if (message.data === "") continue;
        if (message.id !== "") [last, failures] = [message.id, 0];
        yield JSON.parse(message.data) as JobEvent;
      }
      failure = new DescentError("the stream of events was interrupted", { status: 0, code: "interrupted" });
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DescentError && !isPassing(error)) throw error;
      if (!(error instanceof DescentError) && !(error instanceof TypeError)) throw error;
      failure =
        error instanceof DescentError
          ? error
          : new DescentError("the stream of events was interrupted", { status: 0, code: "interrupted", cause: error });
    }
  }
  throw failure ?? new DescentError("the service stayed away", { status: 0, code: "interrupted" });
}

export const watchJob = (transport: Transport, id: string, options?: WatchOptions) =>
  watchEvents(transport, `/v1/jobs/${encodeURIComponent(id)}/events`, options);

const longestWaitSeconds = 30;

/** The job once it is done, whatever it came to. */
export const waitForJob = async (transport: Transport, id: string, options: RequestOptions = {}): Promise<Job> => {
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  let job = await transport.json<Job>(path, options);
  while (!job.done) job = await transport.json<Job>(path, { ...options, query: { wait: longestWaitSeconds } });
  return job;
};
