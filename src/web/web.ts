import type {} from "@fastify/swagger"; // declares `schema.hide`
import type { FastifyInstance } from "fastify";
import { readAssets } from "./assets.ts";

/** Everything from this server; uPlot and Preact set styles through the object model, which `style-src` does not restrict. */
export const contentSecurityPolicy = ({ styles = "'self'", base = "'none'" } = {}): string =>
  [
    "default-src 'self'",
    "script-src 'self'",
    `style-src ${styles}`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    `base-uri ${base}`,
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

const pagePolicy = contentSecurityPolicy();

/** The status page, its files under `/assets`, and the documents under `/docs`. It is a client of `/v1` like any other. */
export const registerWeb = async (app: FastifyInstance): Promise<void> => {
  for (const asset of readAssets()) {
    app.route({
      method: "GET",
      url: asset.url,
      schema: { hide: true },
      // Whoever has the file already is told so by the server, which knows its ETag and, by then, all its headers.
      handler: async (_request, reply) => {
        reply
          .header("etag", asset.etag)
          .header("cache-control", "no-cache")
          .header("x-content-type-options", "nosniff");
        if (asset.contentType.startsWith("text/html"))
          reply.header("content-security-policy", pagePolicy).header("referrer-policy", "same-origin");
        return reply.type(asset.contentType).send(asset.body);
      },
    });
  }
};
