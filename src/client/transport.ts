import { DescentError, isPassing, noAnswer, toError } from "./errors.ts";

export interface DescentOptions {
  /** Where the service is. Left out: DESCENT_URL, or http://127.0.0.1:8080; in a browser the page's own server. */
  url?: string;
  /** Left out: DESCENT_API_KEY, or none. A function is asked before each request. */
  apiKey?: string | (() => string | null);
  /** How often a request that may be repeated is repeated, with growing pauses. Default 4. */
  retries?: number;
  /** In place of the platform's. */
  fetch?: typeof fetch;
}

export interface RequestOptions {
  /** Ends the request, and every wait of it. */
  signal?: AbortSignal;
}

export type Query = Record<string, string | number | boolean | null | undefined>;

interface Asked extends RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Query;
  headers?: Record<string, string>;
  /** Whether doing it twice is doing it once: left out, what GET and DELETE are. */
  repeatable?: boolean;
}

export interface Sent extends Asked {
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is; made anew for each try. */
  body?: () => Blob | FormData | ReadableStream<Uint8Array>;
}

/** A request of one's own. */
export interface RequestCall extends Asked {
  /** Sent as JSON, or, where it is that already, as it is: a text, bytes, a file, a form or a stream. */
  body?: unknown;
}

export const toSent = ({ body, ...asked }: RequestCall): Sent => {
  if (typeof body === "string") return { ...asked, body: () => new Blob([body], { type: "application/json" }) };
  if (body instanceof Uint8Array) return { ...asked, body: () => new Blob([body as Uint8Array<ArrayBuffer>]) };
  const isWhole = body instanceof FormData || body instanceof Blob || body instanceof ReadableStream;
  if (isWhole) return { ...asked, body: () => body };
  return { ...asked, ...(body === undefined ? {} : { json: body }) };
};

export interface Transport {
  readonly url: string;
  readonly retries: number;
  headers(): Record<string, string>;
  /** The answer, if it is a success; a DescentError otherwise. */
  send(path: string, sent?: Sent): Promise<Response>;
  json<T>(path: string, sent?: Sent): Promise<T>;
}

const environment = (name: string): string | undefined =>
  (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name];

const isBrowser = (): boolean => "document" in globalThis;

/** Resolves after a time, rejects with the signal's reason as soon as that aborts. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });

/** Before the n-th repetition: what the service asked for, or half a second, doubled each time, up to 8 s; a little random, so that clients do not come together. */
export const retryMs = (failures: number, asked: number | null): number =>
  asked === null ? Math.min(8000, 250 * 2 ** failures) * (0.75 + Math.random() / 2) : asked * 1000;

export const toQuery = (query: Query = {}): string => {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  if (entries.length === 0) return "";
  return `?${new URLSearchParams(entries.map(([key, value]): [string, string] => [key, String(value)]))}`;
};

export const createTransport = (options: DescentOptions): Transport => {
  const own = isBrowser() ? "" : (environment("DESCENT_URL") ?? "http://127.0.0.1:8080");
  const url = (options.url ?? own).replace(/\/+$/, "");
  const retries = options.retries ?? 4;
  const ask = options.fetch ?? ((input: string, init?: RequestInit) => fetch(input, init));
  const keyOf = (): string | null | undefined =>
    typeof options.apiKey === "function" ? options.apiKey() : (options.apiKey ?? environment("DESCENT_API_KEY"));

  const headers = (): Record<string, string> => {
    const key = keyOf();
    return key ? { authorization: `Bearer ${key}` } : {};
  };

  const once = async (path: string, sent: Sent): Promise<Response> => {
    // Options that no method takes are for the service to refuse, which knows what it was meant to be.
    const { method = "GET", signal, json, body, query, headers: own, repeatable: _, ...further } = sent;
    // Made before anything is sent: what is wrong with it is no failure of the connection.
    const init: RequestInit = {
      method,
      headers: new Headers({
        accept: "application/json",
        ...headers(),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...own,
      }),
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      // `duplex` is what the standard asks for with a stream.
      ...(body === undefined ? {} : ({ body: body(), duplex: "half" } as RequestInit)),
      ...(signal === undefined ? {} : { signal }),
    };
    let response: Response;
    try {
      response = await ask(`${url}${path}${toQuery({ ...query, ...(further as Query) })}`, init);
    } catch (cause) {
      signal?.throwIfAborted();
      throw noAnswer(url, cause);
    }
    if (response.ok) return response;
    throw toError(response.status, await response.text(), (name) => response.headers.get(name));
  };

  const send = async (path: string, sent: Sent = {}): Promise<Response> => {
    const { method = "GET" } = sent;
    const mayRepeat = sent.repeatable ?? (method === "GET" || method === "DELETE");
    for (let failures = 0; ; failures++) {
      try {
        return await once(path, sent);
      } catch (error) {
        if (!(error instanceof DescentError)) throw error;
        // Deleted by the try whose answer was lost.
        if (method === "DELETE" && failures > 0 && error.status === 404) return new Response(null, { status: 204 });
        if (!mayRepeat || failures >= retries || !isPassing(error)) throw error;
        await pause(retryMs(failures, error.retryAfterSeconds), sent.signal);
      }
    }
  };

  return {
    ...{ url, retries, headers, send },
    json: async <T>(path: string, sent: Sent = {}): Promise<T> => {
      const response = await send(path, sent);
      if (response.status === 204) return undefined as T;
      const type = response.headers.get("content-type");
      if (type !== null && !/\bjson\b/.test(type)) {
        await response.body?.cancel();
        const facts = { status: response.status, code: "malformed" as const };
        throw new DescentError(`the answer to ${sent.method ?? "GET"} ${path} is ${type}, not JSON`, facts);
      }
      try {
        return (await response.json()) as T;
      } catch (cause) {
        sent.signal?.throwIfAborted();
        const facts = { status: response.status, code: "interrupted" as const, cause };
        throw new DescentError(`the answer to ${sent.method ?? "GET"} ${path} broke off`, facts);
      }
    },
  };
};
