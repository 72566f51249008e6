import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../../domain/errors.ts";
import type { Admit } from "../../usecases/admission/caller.ts";
import type { OperationName } from "../../usecases/admission/operations.ts";
import { admitRequest } from "../origin-of.ts";
import { sendProblem } from "../problem.ts";

export interface KnownRoute {
  method: string;
  url: string;
  /** Absent of what is open to everyone. */
  operation: OperationName | undefined;
}

/** Paths as a pattern: to tell "no such thing" from "not with this method". */
const routesAt = (routes: readonly KnownRoute[], path: string): KnownRoute[] =>
  routes.filter(({ url }) => new RegExp(`^${url.replaceAll(".", "\\.").replaceAll(/:[a-z]+/gi, "[^/]+")}$`).test(path));

/** 404; or 405 with the methods that there are, to those who may use one of them, counted as its calls are. */
export const answerUnknown = async (
  routes: readonly KnownRoute[],
  admit: Admit,
  request: FastifyRequest,
  reply: FastifyReply,
) => {
  const path = request.url.split("?")[0] ?? "";
  const there = routesAt(routes, path);
  if (there.length === 0)
    return sendProblem(new ServiceError("not_found", `there is nothing at ${path.slice(0, 200)}`), request, reply);
  const { operation } = there.find(({ method }) => method === "GET") ?? there[0]!;
  if (operation !== undefined) await admitRequest(admit, operation, request, reply);
  const methods = there.map(({ method }) => method).sort();
  reply.header("allow", methods.join(", "));
  const detail = `${path.slice(0, 200)} takes ${methods.join(", ")}, not ${request.method}`;
  return sendProblem(new ServiceError("method_not_allowed", detail), request, reply);
};
