import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { AddressPolicy } from "./address-policy.ts";
import { createPinnedLookup, REFUSED } from "./pinned-lookup.ts";
import { createNameServerResolve, type Resolve, resolveBySystem } from "./resolve.ts";

/** What came of one POST: the status that was answered, or why none was, in words for the job's owner. */
export type PostOutcome = { status: number } | { failure: string };

export interface WebhookRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Aborts when the server stops. */
  signal: AbortSignal;
}

export type PostWebhook = (request: WebhookRequest) => Promise<PostOutcome>;

export interface PostWebhookOptions {
  policy: AddressPolicy;
  /** For all of it: name, connection, TLS, answer. */
  timeoutMs: number;
  /** Left out: the name servers, and the system for private hosts. */
  resolve?: Resolve;
}

/** Enough for a polite "ok"; what is longer is cut off. It is never looked at: an answer must not be a way to read what stands inside. */
const ANSWER_BYTES = 16 * 1024;
const ANSWER_MS = 1000;
const HEADER_BYTES = 8 * 1024;

const words: Readonly<Record<string, string>> = {
  [REFUSED]: "its host is not at a public address",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed before an answer",
  ENOTFOUND: "its host is not known",
  ENODATA: "its host has no address",
  EAI_AGAIN: "its host's name could not be looked up",
  ETIMEOUT: "its host's name servers did not answer",
  ESERVFAIL: "its host's name servers did not answer",
  EHOSTUNREACH: "its host cannot be reached",
  ENETUNREACH: "its network cannot be reached",
  ETIMEDOUT: "the connection took too long",
};

const failureOf = (error: Error & { code?: unknown }): string => {
  const code = typeof error.code === "string" ? error.code : error.name;
  return words[code] ?? `the request failed (${code})`;
};

/** Lets a short answer end in peace; a long one, or one that drips, is cut off. */
const discard = (response: IncomingMessage): void => {
  let bytes = 0;
  const stop = (): void => void response.destroy();
  const timer = setTimeout(stop, ANSWER_MS);
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) stop();
  });
  response.on("error", stop);
  response.on("close", () => clearTimeout(timer));
};

const open = ({ url, headers, body }: WebhookRequest, target: URL, options: PostWebhookOptions): ClientRequest => {
  const { policy } = options;
  const resolve = options.resolve ?? (policy.isPrivateHost(target) ? resolveBySystem : createNameServerResolve());
  const send = target.protocol === "https:" ? requestHttps : requestHttp;
  return send(url, {
    method: "POST",
    // No agent: each message has a connection of its own, which was checked for it.
    agent: false,
    lookup: createPinnedLookup(policy, target, resolve),
    maxHeaderSize: HEADER_BYTES,
    headers: {
      ...headers,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "user-agent": "descent-webhooks",
    },
  });
};

/**
 * Posts to where the policy allows, and nowhere else: redirects are answers like any other, proxies are not used, an address is
 * checked after its name was looked up and the connection goes to what was checked. Does not reject.
 */
export const createPostWebhook =
  (options: PostWebhookOptions): PostWebhook =>
  (request) => {
    const target = new URL(request.url);
    const refused = options.policy.refusalOf(target);
    if (refused !== null) return Promise.resolve({ failure: `its URL ${refused}` });
    return new Promise((settle) => {
      const sending = open(request, target, options);
      const end = (outcome: PostOutcome): void => {
        clearTimeout(timer);
        request.signal.removeEventListener("abort", stop);
        settle(outcome);
      };
      const stop = (): void => {
        end({ failure: "the server is stopping" });
        sending.destroy();
      };
      const timer = setTimeout(() => {
        end({ failure: `no answer within ${options.timeoutMs / 1000} s` });
        sending.destroy();
      }, options.timeoutMs);
      request.signal.addEventListener("abort", stop);
      sending.on("error", (error) => end({ failure: failureOf(error) }));
      sending.on("close", () => end({ failure: words.ECONNRESET ?? "closed" }));
      sending.on("response", (response) => {
        end({ status: response.statusCode ?? 0 });
        discard(response);
      });
      if (request.signal.aborted) stop();
      else sending.end(request.body);
    });
  };
