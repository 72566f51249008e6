import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/**
 * Pages of the origins that the configuration names may use the service from browsers (WHATWG Fetch, CORS). Keys travel in a header of their own and no
 * cookie is ever read, so credentials are never allowed, and `*` is no origin.
 */

const allowedMethods = "GET, POST, PUT, PATCH, DELETE";
const allowedHeaders =
  "accept, authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, traceparent, x-request-id";
/** Beside those that pages may always read. */
const exposedHeaders =
  "content-disposition, etag, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-request-id";
/** For so long a browser asks no more whether it may. */
const preflightSeconds = 600;

/** Whether the request comes from a page that may. */
export const isListed = (origins: ReadonlySet<string>, { headers }: FastifyRequest): boolean =>
  headers.origin !== undefined && origins.has(headers.origin);

const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === "OPTIONS" && headers["access-control-request-method"] !== undefined;

const addToVary = (reply: FastifyReply): void => {
  const told = reply.getHeader("vary")?.toString();
  if (!/\borigin\b/i.test(told ?? "")) reply.header("vary", told === undefined ? "Origin" : `${told}, Origin`);
};

export const allowOrigins = (app: FastifyInstance, origins: ReadonlySet<string>): void => {
  if (origins.size === 0) return;
  app.addHook("onRequest", async (request, reply) => {
    if (!isListed(origins, request)) return;
    reply.header("access-control-allow-origin", request.headers.origin);
    if (!isPreflight(request)) {
      reply.header("access-control-expose-headers", exposedHeaders);
      return;
    }
    await reply
      .code(204)
      .headers({
        "access-control-allow-methods": allowedMethods,
        "access-control-allow-headers": allowedHeaders,
        "access-control-max-age": String(preflightSeconds),
      })
      .send();
  });
  // Also of what others ask for: a cache must not give them an answer that was made for another origin, or for none.
  app.addHook("onSend", (_request, reply, payload, done) => {
    addToVary(reply);
    done(null, payload);
  });
};
