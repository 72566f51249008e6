import { setTimeout as delay } from "node:timers/promises";

/** The part of the service's JSON that the demo looks at. */
export interface DemoJob {
  id: string;
  state: string;
  done: boolean;
  progress: number;
  metrics: Record<string, number>;
  model: string | null;
  error: { message: string; hint: string } | null;
}

export interface DemoPrediction {
  label: string;
  probabilities: Record<string, number>;
}

/** What the demo cannot go on without; one line for the user. */
export class DemoError extends Error {}
/** Nobody answers, or not now: a stream is worth another try. */
class Unanswered extends DemoError {}

/** Why nothing answered, with what to do about it. */
const noAnswer = (url: string, error: TypeError): DemoError => {
  const { code = "" } = (error.cause ?? {}) as { code?: string };
  if (/CERT|UNABLE_TO_VERIFY/.test(code))
    return new DemoError(
      `the certificate of ${url} is not trusted (${code}): set NODE_EXTRA_CA_CERTS to the file of its authority`,
    );
  if (code === "UND_ERR_SOCKET" && url.startsWith("http:"))
    return new DemoError(`${url} hung up; if it speaks TLS, set DESCENT_URL to https://…`);
  return new Unanswered(`no service answers at ${url}: start one with npm start, or set DESCENT_URL`);
};

const describe = async (response: Response): Promise<string> => {
  const body = await response.text();
  try {
    const problem: { title?: string; detail?: string } = JSON.parse(body);
    return problem.detail ?? problem.title ?? body;
  } catch (error) {
    if (error instanceof SyntaxError) return body.slice(0, 200);
    throw error;
  }
};

/** With `retryMs` more before each, half a minute: time for a service to start again. */
const triesInVain = 15;
const retryMs = 300;

/** The messages of a stream of server-sent events, as far as they are needed here: https://html.spec.whatwg.org/multipage/server-sent-events.html */
async function* messagesOf(
  body: NonNullable<Response["body"]>,
): AsyncGenerator<{ id: string; event: string; data: string }> {
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string): string =>
        lines
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim() ?? "";
      yield { id: field("id"), event: field("event"), data: field("data") };
    }
  }
}

/** A few lines of fetch: what a client of the REST API needs and no more. */
export const createClient = (url: string, apiKey: string | undefined) => {
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };

  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, { ...init, headers: { ...init.headers, ...authorization } });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw noAnswer(url, error);
    }
    if (!response.ok)
      throw new (response.status === 503 ? Unanswered : DemoError)(
        `${init.method ?? "GET"} ${path} was answered with ${response.status}: ${await describe(response)}`,
      );
    return response;
  };

  return {
    async get<T>(path: string): Promise<T> {
      return (await request(path)).json() as Promise<T>;
    },
    async post<T>(path: string, body: unknown): Promise<T> {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
      return (await request(path, init)).json() as Promise<T>;
    },
    async upload<T>(path: string, csv: Uint8Array): Promise<T> {
      const init = { method: "POST", headers: { "content-type": "text/csv" }, body: new Blob([Uint8Array.from(csv)]) };
      return (await request(path, init)).json() as Promise<T>;
    },
    /** Server-sent events of a job: calls back for each up to the job's end. A connection that closes before is made again, from where it was. */
    async follow<T>(path: string, onEvent: (event: T) => void): Promise<void> {
      let last = "";
      for (let failures = 0; failures < triesInVain; failures++) {
        if (failures > 0) await delay(retryMs * failures);
        try {
          const headers = { accept: "text/event-stream", ...(last === "" ? {} : { "last-event-id": last }) };
          const response = await request(path, { headers });
          // 204: there is nothing more.
          if (response.body === null) return;
          for await (const { id, event, data } of messagesOf(response.body)) {
            if (event === "end") return;
            if (id !== "") [last, failures] = [id, 0];
            // Events of the job have no name; a `problem` has one.
            if (event === "" && data !== "") onEvent(JSON.parse(data));
          }
        } catch (error) {
          // A broken connection is a TypeError of fetch; what the service refuses it would refuse again, unless it only starts.
          if (!(error instanceof TypeError) && !(error instanceof Unanswered)) throw error;
        }
      }
      throw new DemoError(`${path} was interrupted ${triesInVain} times; does the service still run?`);
    },
  };
};

export type Client = ReturnType<typeof createClient>;
