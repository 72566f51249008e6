import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServiceError } from "../domain/errors.ts";
import { isListed } from "./cross-origin.ts";

/**
 * Without API keys the loopback interface is the only lock, and a browser opens it: every page that its user visits may send requests
 * there, and may, by giving its own name a loopback address (DNS rebinding), read the answers. What tells them apart is what browsers
 * say and no page can change: `Host`, `Origin`, `Sec-Fetch-Site`, and what a form's request looks like.
 */

const isLoopback = (host: string): boolean =>
  /^(([^:]+\.)?localhost\.?|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host);

/** Whether the origin is this server's own, by the name under which it was asked: `null` and other ports are not. */
const isOwn = (origin: string, host: string): boolean => {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: ofOrigin } = new URL(origin);
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === ofOrigin;
};

const changesSomething = (method: string): boolean => !["GET", "HEAD", "OPTIONS"].includes(method);

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

const formTypes = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;

/** Headers that no form can send. What has a body needs a content type that is none of a form's in any case. */
const unlikeForms = ({ headers }: FastifyRequest): boolean =>
  headers.authorization !== undefined ||
  headers["x-requested-with"] !== undefined ||
  /^application\/json\b/i.test(headers["content-type"] ?? "");

/** A form's request asks for a page, as its answer takes the place of the form. */
const likeForm = ({ headers }: FastifyRequest): boolean =>
  formTypes.test(headers["content-type"] ?? "") ||
  (headers.accept ?? "").includes("text/html") ||
  headers["sec-fetch-mode"] === "navigate";

const refuse = (detail: string): never => {
  throw new ServiceError("foreign_origin", detail);
};

const check = (request: FastifyRequest, listed: ReadonlySet<string>): void => {
  const { host, origin, "sec-fetch-site": site } = request.headers;
  // A browser sends one always; HTTP/1.0, which knows none, is a probe's.
  if (host !== undefined && !isLoopback(host))
    refuse(
      `without API keys this service answers to localhost, 127.0.0.1 and [::1] only, not to ${host.slice(0, 100)}; set API_KEYS_FILE to serve it under other names`,
    );
  // No page can give its request another origin than its own.
  if (isListed(listed, request)) return;
  if (origin !== undefined && !isOwn(origin, host ?? ""))
    refuse(
      `a page of ${origin.slice(0, 100)} may not use this service; name its origin in CORS_ORIGINS, or set API_KEYS_FILE and give it a key`,
    );
  if (!changesSomething(request.method)) return;
  if (site !== undefined && !["same-origin", "none"].includes(String(site)))
    refuse("another site's page may not change anything here");
  if (!hasBody(request) && likeForm(request) && !unlikeForms(request))
    refuse("this may be a form of another site's page: send it with Content-Type: application/json");
};

/** Refuses what a foreign page has a browser send, before anything else is done for it. */
export const refuseForeignPages = (app: FastifyInstance, listed: ReadonlySet<string>): void => {
  app.addHook("onRequest", (request, _reply, done) => {
    check(request, listed);
    done();
  });
};
