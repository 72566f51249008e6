import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, RouteOptions } from "fastify";
import { ServiceError } from "../domain/errors.ts";
import type { Party } from "../domain/fairness/shares.ts";
import type { Span } from "../domain/observing/tracing.ts";
import type { Admit, Caller } from "../usecases/admission/caller.ts";
import type { LoadGate } from "../usecases/admission/load-gate.ts";
import type { OperationName } from "../usecases/admission/operations.ts";
import { admitRequest, inOperation } from "./origin-of.ts";
import { whenAnswered } from "./shed-load.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
    /** The id of what the request is about; see `FinishedRequest`. */
    resource: string | null;
    /** Of the request. */
    span: Span;
    /** Counts bytes of the body as they arrive; `overloaded` when there is no room for them. */
    holdBytes: (bytes: number) => void;
  }
  interface FastifyContextConfig {
    operation?: OperationName;
  }
}

/** What stands before every route of a server. */
export interface Door {
  admit: Admit;
  gate: LoadGate;
  /** Aborts when the server closes. */
  closing: AbortSignal;
  /** Connections on which an upload is under way: it may take longer than a request, as long as it goes on. */
  uploads: WeakSet<Socket>;
}

/** A route, as the door sees it. */
export interface Doorway {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: string;
  /** For keys' scopes, rates and metrics. */
  operation: OperationName;
  schema: FastifySchema;
  bodyLimitBytes?: number | undefined;
  /** The body is a file, which is read as it arrives. */
  upload?: boolean | undefined;
  /** It waits or streams: counted apart from requests that are answered at once. */
  isLong?: ((request: FastifyRequest) => boolean) | undefined;
  /** See RestRoute. */
  takesToken?: boolean | undefined;
  isFile?: boolean | undefined;
  handle(caller: Caller, request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
}

/** Aborts when the client goes away, or has its answer. */
export const goneSignal = (reply: FastifyReply): AbortSignal => {
  const gone = new AbortController();
  whenAnswered(reply.raw, () => gone.abort());
  return gone.signal;
};

/** Aborts when the client goes away or the server closes: what ends every wait and stream. */
export const requestSignal = (reply: FastifyReply, closing: AbortSignal): AbortSignal =>
  AbortSignal.any([goneSignal(reply), closing]);

/** What lasts is counted until its end, which may be long after the handler's. */
const enterLasting = (gate: LoadGate, kind: "long" | "upload", caller: Party, { raw }: FastifyReply): void =>
  whenAnswered(raw, gate.enter(kind, caller));

const callerOf = ({ caller }: FastifyRequest): Caller => {
  if (caller === null) throw new ServiceError("unauthenticated", "an API key is needed");
  return caller;
};

/** What a browser's event stream presents: it can send no header of its own. A key, where there is one, comes first. */
const tokenOf = ({ headers, query }: FastifyRequest): string | undefined => {
  const { token } = query as { token?: unknown };
  return headers.authorization ?? (typeof token === "string" ? `Token ${token}` : undefined);
};

const isStream = (payload: unknown): payload is Readable =>
  typeof payload === "object" && payload !== null && "destroy" in payload;

/** HEAD's: what GET would answer, but for the file, of which nothing is read. */
const withoutBody = async (_request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
  if (isStream(payload)) payload.destroy();
  else if (reply.statusCode !== 304 && (typeof payload === "string" || Buffer.isBuffer(payload)))
    reply.header("content-length", Buffer.byteLength(payload));
  return null;
};

/** Puts a route behind the door: room, key, scope and rate before the body is read, a place among the requests before it is handled. */
export const registerBehind = (app: FastifyInstance, door: Door, route: Doorway): void => {
  const { admit, gate, closing, uploads } = door;
  const handle = (caller: Caller, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const call = () => route.handle(caller, request, reply);
    if (route.upload) return call();
    if (route.isLong?.(request) !== true) return gate.run(caller, call);
    enterLasting(gate, "long", caller, reply);
    return call();
  };
  const options: RouteOptions = {
    method: route.method,
    url: route.url,
    schema: route.schema,
    config: { operation: route.operation },
    exposeHeadRoute: false,
    ...(route.bodyLimitBytes === undefined ? {} : { bodyLimit: route.bodyLimitBytes }),
    // Before the body is read: a caller who may not do this does not get to send a gigabyte.
    onRequest: async (request, reply) => {
      gate.requireRoom();
      if (closing.aborted) throw new ServiceError("unavailable", "the service is stopping");
      const authorization = route.takesToken ? tokenOf(request) : request.headers.authorization;
      const caller = await admitRequest(admit, route.operation, request, reply, authorization);
      if (route.upload) {
        enterLasting(gate, "upload", caller, reply);
        uploads.add(request.raw.socket);
        reply.raw.once("close", () => uploads.delete(request.raw.socket));
        return;
      }
      // What has arrived is counted, not what was announced: a sender who sends nothing keeps nobody out.
      const body = gate.hold(caller);
      request.holdBytes = body.add;
      whenAnswered(reply.raw, body.release);
    },
    handler: async (request, reply) => {
      const answer = await inOperation(request, callerOf(request), route.operation, (caller) =>
        handle(caller, request, reply),
      );
      if (reply.sent) return reply;
      // A stream that broke off, as its client left: nothing more can be said to it, and nothing is wrong.
      return reply.raw.headersSent ? reply.hijack() : reply.send(answer);
    },
  };
  app.route(options);
  if (route.isFile === true) app.route({ ...options, method: "HEAD", schema: { hide: true }, onSend: withoutBody });
};
