import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { type Door, registerBehind, requestSignal } from "../rest/door.ts";
import type { Caller } from "../usecases/admission/caller.ts";
import type { OperationName } from "../usecases/admission/operations.ts";
import { parse } from "../usecases/admission/parse.ts";
import { refuse } from "./errors.ts";

export interface OpenAiCall {
  caller: Caller;
  /** The path's `:id`. */
  id: string;
  query: Record<string, string | undefined>;
  body: unknown;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Aborts when the client goes away or the server closes. */
  gone: AbortSignal;
}

export interface OpenAiRoute {
  method: "GET" | "POST" | "DELETE";
  url: string;
  /** The operation of the service that it is, for keys' scopes, rates and metrics. */
  operation: OperationName;
  lasts?: "long" | "upload";
  bodyLimitBytes?: number;
  isFile?: boolean;
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
  return refuse(`/query/${stranger}`, `${stranger} is not supported; lists take limit and after`);
};

/** Puts a route behind the door of `/v1`. */
export const register = (app: FastifyInstance, door: Door, route: OpenAiRoute): void =>
  registerBehind(app, door, {
    ...{ method: route.method, url: route.url, operation: route.operation, schema: { hide: true } },
    ...{ bodyLimitBytes: route.bodyLimitBytes, upload: route.lasts === "upload", isLong: () => route.lasts === "long" },
    isFile: route.isFile,
    handle: (caller, request, reply) => {
      const { id = "" } = request.params as { id?: string };
      const query = request.query as OpenAiCall["query"];
      request.resource = id === "" ? null : id;
      let gone: AbortSignal | undefined;
      return route.handle({
        ...{ caller, id, query, body: request.body, request, reply },
        get gone() {
          gone ??= requestSignal(reply, door.closing);
          return gone;
        },
      });
    },
  });
