import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";

/** For answers that nobody is meant to look at as a page: nothing may be loaded, run or framed. */
const contentSecurityPolicy = { "default-src": ["'none'"], "frame-ancestors": ["'none'"] };

/** What even an answer carries that never became a request of the framework. */
export const bareHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none';frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
} as const;

const yearSeconds = 31_536_000;

/**
 * Browsers keep the order to use TLS for a year, and by name without the port: on `localhost` it would lock whatever else is
 * developed there out. To addresses they do not apply it (RFC 6797, 8.1.1).
 */
const isLocalName = (host: string): boolean => /^([^:]*\.)?localhost(:\d+)?$/i.test(host);

/** Headers of every answer. The page and the docs put their own Content-Security-Policy over this one. */
export const addSecurityHeaders = async (app: FastifyInstance, secure: boolean): Promise<void> => {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy },
    frameguard: { action: "deny" },
    hsts: secure ? { maxAge: yearSeconds, includeSubDomains: false } : false,
  });
  app.addHook("onSend", async (request, reply, payload) => {
    if (secure && isLocalName(request.headers.host ?? "")) reply.removeHeader("strict-transport-security");
    reply.header("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    // What a key opens is kept by no proxy, and by a browser only to ask again with its ETag.
    if (request.url.startsWith("/v1/") && !reply.hasHeader("cache-control"))
      reply.header("cache-control", "private, no-cache");
    return payload;
  });
};
