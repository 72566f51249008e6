import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ServiceError } from "../../../domain/errors.ts";
import type { GetCredentials } from "./credentials.ts";
import { isPassing, type Refusal, toRefusal, toServiceError, unreachable } from "./s3-error.ts";
import { type S3Location, urlOf } from "./s3-location.ts";
import { canonicalQuery, signV4 } from "./sign-v4.ts";

export interface S3Request {
  method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Null: the bucket. */
  key: string | null;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array<ArrayBuffer>;
  signal?: AbortSignal;
  /** Refusals that are answers to the caller, by status: they are returned, not thrown. */
  accept?: readonly number[];
}

export interface S3Answer {
  status: number;
  headers: Headers;
  text: string;
  /** S3's word for a refusal that was accepted. */
  code: string;
  /** How often it was asked before: a write may have been done by one of those. */
  retries: number;
}

export interface S3Client {
  location: S3Location;
  /** Sends, again after what passes, and reads the whole answer. ServiceError `unavailable` that says what to do. */
  send(request: S3Request): Promise<S3Answer>;
  /** The same, the answer's body unread; `close` gives it up. */
  open(request: S3Request): Promise<{ response: Response; close: () => void }>;
}

export interface S3Timing {
  /** For an answer to begin … */
  answerMs: number;
  /** … and the slowest line on which a body is still waited for. */
  bytesPerSecond: number;
  /** Between the first attempt and the last, beside what one attempt may take. */
  patienceMs: number;
  /** Before the second attempt at most; twice as long before each next one. */
  firstDelayMs: number;
}

export const defaultTiming: S3Timing = {
  answerMs: 5000,
  bytesPerSecond: 128 * 1024,
  patienceMs: 10_000,
  firstDelayMs: 100,
};

const ATTEMPTS = 5;
const LONGEST_ERROR = 64 * 1024;
const emptyDigest = createHash("sha256").digest("hex");

type Outcome<T> = { answer: T } | { refusal: Refusal; keyId: string };

/** Settles the race between the call and the clock; whoever aborts it is told apart. */
const limited = (ms: number, signal: AbortSignal | undefined) => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${ms} ms`)), ms);
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return {
    signal: controller.signal,
    /** The time limit is over with; the abort is not. */
    answered: () => clearTimeout(timer),
    close: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      controller.abort();
    },
  };
};

/**
 * Requests to one bucket: signed over their bodies too, so that the store refuses what the network changed; with time limits; and
 * repeated after what may pass, each time after a random part of a growing delay, so that many clients do not come back at once.
 */
export const createS3Client = (
  location: S3Location,
  credentials: GetCredentials,
  timing: S3Timing = defaultTiming,
): S3Client => {
  const limitMsOf = ({ body }: S3Request): number =>
    Math.ceil(timing.answerMs + ((body?.byteLength ?? 0) / timing.bytesPerSecond) * 1000);

  const attempt = async (request: S3Request) => {
    const { method, key, query = {}, headers = {}, body, signal } = request;
    const url = urlOf(location, key);
    const bodyDigest = body === undefined ? emptyDigest : createHash("sha256").update(body).digest("hex");
    const keys = await credentials();
    const signed = signV4({ method, url, query, headers, bodyDigest }, keys, location.region, new Date());
    url.search = canonicalQuery(query);
    const limit = limited(limitMsOf(request), signal);
    try {
      const init = { method, headers: signed, signal: limit.signal, redirect: "manual" as const };
      const response = await fetch(url, body === undefined ? init : { ...init, body });
      return { response, limit, keyId: keys.accessKeyId };
    } catch (error) {
      limit.close();
      throw error;
    }
  };

  /** Repeats until something is not to be repeated. */
  const repeated = async <T>(request: S3Request, once: (retries: number) => Promise<Outcome<T>>): Promise<T> => {
    const startMs = performance.now();
    const patienceMs = timing.patienceMs + limitMsOf(request);
    for (let retries = 0; ; retries++) {
      let failure: ServiceError;
      try {
        const result = await once(retries);
        if ("answer" in result) return result.answer;
        failure = toServiceError(result.refusal, location.bucket, result.keyId);
        if (!isPassing(result.refusal)) throw failure;
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        if (request.signal?.aborted) throw request.signal.reason;
        failure = unreachable(location.endpoint, error);
      }
      const waitMs = Math.random() * timing.firstDelayMs * 2 ** retries;
      if (retries + 1 >= ATTEMPTS || performance.now() - startMs + waitMs > patienceMs) throw failure;
      await delay(waitMs, undefined, request.signal === undefined ? {} : { signal: request.signal });
    }
  };

  const isWanted = ({ accept = [] }: S3Request, status: number): boolean =>
    (status >= 200 && status < 300) || accept.includes(status);

  return {
    location,
    send: (request) =>
      repeated(request, async (retries) => {
        const { response, limit, keyId } = await attempt(request);
        try {
          const { status, headers } = response;
          const text = await response.text();
          const refusal = toRefusal(status, headers, text.slice(0, LONGEST_ERROR));
          // Some answers begin with 200 before their work is done, and end with an error all the same.
          const isError = !isWanted(request, status) || (/^\s*(<\?xml[^>]*>\s*)?<Error>/.test(text) && status < 300);
          return isError ? { refusal, keyId } : { answer: { status, headers, text, code: refusal.code, retries } };
        } finally {
          limit.close();
        }
      }),
    open: (request) =>
      repeated(request, async () => {
        const { response, limit, keyId } = await attempt(request);
        if (isWanted(request, response.status)) {
          limit.answered();
          return { answer: { response, close: limit.close } };
        }
        try {
          const text = (await response.text()).slice(0, LONGEST_ERROR);
          return { refusal: toRefusal(response.status, response.headers, text), keyId };
        } finally {
          limit.close();
        }
      }),
  };
};
