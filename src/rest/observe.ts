import type { FastifyReply, FastifyRequest } from "fastify";
import type { OnFinished } from "../usecases/admission/finished-request.ts";

/** nginx's word for a client that did not wait for its answer. */
const clientGone = 499;

/**
 * Tells of a request when its answer is out or its client gone. The framework's own hook for that is not called for clients that
 * left before the answer began, nor for a URL that the router could not read.
 */
export const observeRequest = (request: FastifyRequest, reply: FastifyReply, onFinished: OnFinished): void => {
  const startedMs = performance.now();
  reply.raw.once("close", () => {
    onFinished({
      surface: "rest",
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? null,
      operation: request.routeOptions.config?.operation ?? null,
      status: String(reply.raw.headersSent ? reply.raw.statusCode : clientGone),
      seconds: (performance.now() - startedMs) / 1000,
      // A URL that the router refuses is a bare request of the framework's, without what this server adds to its own.
      caller: request.caller ?? null,
      resource: request.resource ?? null,
    });
  });
};
