import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import helmet from "helmet";

/** For answers that nobody is meant to look at as a page: nothing may be loaded, run or framed. */
const contentSecurityPolicy = { "default-src": ["'none'"], "frame-ancestors": ["'none'"] };

/** What even an answer carries that never became a request of the framework. */
export const bareHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none';frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
} as const;

const permissionsPolicy = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

const yearSeconds = 31_536_000;

/**
 * Browsers keep the order to use TLS for a year, and by name without the port: on `localhost` it would lock whatever else is
 * developed there out. To addresses they do not apply it (RFC 6797, 8.1.1).
 */
const isLocalName = (host: string): boolean => /^([^:]*\.)?localhost(:\d+)?$/i.test(host);

/** What helmet gives every answer: always the same, so it is asked once. */
const fixedHeaders = (secure: boolean): Record<string, string> => {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy },
    frameguard: { action: "deny" },
    hsts: secure ? { maxAge: yearSeconds, includeSubDomains: false } : false,
  })(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  const given = Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
  return { ...Object.fromEntries(given), "permissions-policy": permissionsPolicy };
};

/** Headers of every answer. The page and the docs put their own Content-Security-Policy over this one. */
export const addSecurityHeaders = (app: FastifyInstance, secure: boolean): void => {
  const headers = fixedHeaders(secure);
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(headers);
    if (secure && isLocalName(request.headers.host ?? "")) reply.removeHeader("strict-transport-security");
    // What a key opens is kept by no proxy, and by a browser only to ask again with its ETag.
    if (request.url.startsWith("/v1/")) reply.header("cache-control", "private, no-cache");
    done();
  });
};
