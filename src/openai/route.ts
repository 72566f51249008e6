import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { ServiceError } from "../domain/errors.ts";
import { whenAnswered } from "../rest/shed-load.ts";
import type { Admit, Caller } from "../usecases/admission/caller.ts";
import type { LoadGate } from "../usecases/admission/load-gate.ts";
import type { OperationName } from "../usecases/admission/operations.ts";
import { parse } from "../usecases/admission/parse.ts";

/** What stands before each route, as before those of `/v1`. */
export interface Door {
  admit: Admit;
  gate: LoadGate;
}

export interface OpenAiCall {
  caller: Caller;
  /** The path's `:id`. */
  id: string;
  query: Record<string, string | undefined>;
  body: unknown;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Aborts when the client goes away. */
  gone: AbortSignal;
}

export interface OpenAiRoute {
  method: "GET" | "POST" | "DELETE";
  url: string;
  /** The operation of the service that it is, for keys' scopes, rates and metrics. */
  operation: OperationName;
  lasts?: "long" | "upload";
  bodyLimitBytes?: number;
  handle(call: OpenAiCall): Promise<unknown>;
}

const List = z.object({
  limit: z.coerce.number().int().min(1).max(10_000).default(20),
  after: z.string().optional(),
});

/** `limit` and `after` of a list. Filters that are not known are refused: an answer that passed over them would mislead. */
export const parseList = (query: OpenAiCall["query"]): z.output<typeof List> => {
  const known = ["limit", "after", "purpose", "order"];
  const stranger = Object.keys(query).find((name) => !known.includes(name));
  if (stranger === undefined) return parse(List, query, { base: "/query" });
  const detail = `${stranger} is not supported; lists take limit and after`;
  const errors = [{ pointer: `/query/${stranger}`, detail }];
  throw new ServiceError("invalid", `/query/${stranger}: ${detail}`, { errors });
};

const callerOf = ({ caller }: FastifyRequest): Caller => {
  if (caller === null) throw new ServiceError("unauthenticated", "an API key is needed");
  return caller;
};

/** Puts a route behind the door: room, key, scope and rate before the body is read, a place among the requests before it is handled. */
export const register = (app: FastifyInstance, { admit, gate }: Door, route: OpenAiRoute): void => {
  app.route({
    ...{ method: route.method, url: route.url, exposeHeadRoute: false },
    schema: { hide: true },
    config: { operation: route.operation },
    ...(route.bodyLimitBytes === undefined ? {} : { bodyLimit: route.bodyLimitBytes }),
    onRequest: async (request, reply) => {
      gate.requireRoom();
      const caller = await admit(route.operation, request.headers.authorization, request.ip);
      request.caller = caller;
      if (route.lasts !== undefined) return whenAnswered(reply.raw, gate.enter(route.lasts, caller));
      const body = gate.hold(caller);
      request.holdBytes = body.add;
      whenAnswered(reply.raw, body.release);
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { id = "" } = request.params as { id?: string };
      const left = new AbortController();
      whenAnswered(reply.raw, () => left.abort());
      const query = request.query as OpenAiCall["query"];
      const call = { caller, id, query, body: request.body, request, reply, gone: left.signal };
      request.resource = id === "" ? null : id;
      const answer =
        route.lasts === undefined ? await gate.run(caller, () => route.handle(call)) : await route.handle(call);
      return reply.sent ? reply : reply.send(answer);
    },
  });
};
