import type { FastifyReply, FastifyRequest } from "fastify";
import type { FastifyZodOpenApiSchema } from "fastify-zod-openapi";
import type { z } from "zod";
import type { ErrorCode } from "../../domain/errors.ts";
import type { Caller } from "../../usecases/admission/caller.ts";
import type { OperationName } from "../../usecases/admission/operations.ts";
import type { Deps } from "../../usecases/deps.ts";

/** What a handler is given: everything checked, nothing of the framework that it does not need. */
export interface RestCall<Q> {
  deps: Deps;
  caller: Caller;
  /** The path's parameters, decoded, unchecked: the use cases check ids. */
  params: Record<string, string>;
  query: Q;
  body: unknown;
  /** Aborts when the client goes away or the server closes. */
  signal: AbortSignal;
  /** Aborts when the client goes away: what nobody waits for any more is not to be kept. */
  gone: AbortSignal;
  request: FastifyRequest;
  reply: FastifyReply;
}

export interface RestRoute {
  /** The operations it performs, the usual one first. All need the same scope. */
  operations: readonly [OperationName, ...OperationName[]];
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: string;
  tag: string;
  description: string;
  params?: z.ZodObject;
  query: z.ZodObject;
  headers?: z.ZodObject;
  /** As the document shows it; the use case parses. */
  body?: {
    contentType: string;
    otherTypes?: readonly string[];
    schema: z.ZodType;
    /** Of the other types; left out: the same. */
    otherSchema?: z.ZodType;
    example?: unknown;
  };
  responses: NonNullable<FastifyZodOpenApiSchema["response"]>;
  errors: readonly ErrorCode[];
  bodyLimitBytes?: number;
  /** The body is handed on as a stream, without the framework's limits of time. */
  upload?: boolean;
  /** The body, JSON or one of the other types, is handed on as bytes. */
  unreadJson?: boolean;
  /** Of a file: HEAD asks for its length, type and digest without it. */
  isFile?: boolean;
  /** An event token may stand in the query in place of the key. */
  takesToken?: boolean;
  /** Whether how long it takes is up to others: a job's change, a client that downloads slowly. */
  isLong?: (request: FastifyRequest) => boolean;
  handle(call: RestCall<unknown>): Promise<unknown>;
}

/** Ties the handler's `query` to the schema that parses it. */
export const defineRoute = <Q extends z.ZodObject>(
  route: Omit<RestRoute, "query" | "handle"> & { query: Q; handle(call: RestCall<z.output<Q>>): Promise<unknown> },
): RestRoute => ({ ...route, handle: (call) => route.handle(call as RestCall<z.output<Q>>) });

/** A JSON answer of the document; `headers` says what each is for. */
export const json = (description: string, schema: z.ZodType, headers: Record<string, string> = {}) => ({
  description,
  content: { "application/json": { schema } },
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name, { type: "string", description: text }]),
  ) as object,
});

export const noContent = { 204: { description: "It is done" } };
