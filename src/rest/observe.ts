import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { OnFinished } from "../usecases/finished-request.ts";

/** nginx's word for a client that did not wait for its answer. */
const clientGone = 499;

const statusOf = (request: FastifyRequest, reply: FastifyReply): number =>
  reply.raw.headersSent || !request.raw.destroyed ? reply.statusCode : clientGone;

/** Tells of every request, also of those that are refused or that nobody waits for any more. */
export const observeRequests = (app: FastifyInstance, onFinished: OnFinished): void => {
  app.addHook("onResponse", async (request, reply) => {
    const { config, url } = request.routeOptions;
    onFinished({
      surface: "rest",
      requestId: request.id,
      method: request.method,
      route: url ?? null,
      operation: config.operation ?? null,
      status: String(statusOf(request, reply)),
      seconds: reply.elapsedTime / 1000,
      caller: request.caller,
      resource: request.resource,
    });
  });
};
