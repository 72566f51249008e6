import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../../domain/errors.ts";
import { sendProblem } from "../problem.ts";

export interface KnownRoute {
  method: string;
  url: string;
}

/** Paths as a pattern: to tell "no such thing" from "not with this method". */
const allowedMethods = (routes: readonly KnownRoute[], path: string): string[] =>
  routes
    .filter(({ url }) => new RegExp(`^${url.replaceAll(".", "\\.").replaceAll(/:[a-z]+/gi, "[^/]+")}$`).test(path))
    .map(({ method }) => method)
    .sort();

/** 404, or 405 with the methods that there are. */
export const answerUnknown = (routes: readonly KnownRoute[], request: FastifyRequest, reply: FastifyReply) => {
  const path = request.url.split("?")[0] ?? "";
  const methods = allowedMethods(routes, path);
  if (methods.length === 0)
    return sendProblem(new ServiceError("not_found", `there is nothing at ${path.slice(0, 200)}`), request, reply);
  reply.header("allow", methods.join(", "));
  const detail = `${path.slice(0, 200)} takes ${methods.join(", ")}, not ${request.method}`;
  return sendProblem(new ServiceError("method_not_allowed", detail), request, reply);
};
