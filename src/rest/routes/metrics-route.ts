import type { FastifyInstance } from "fastify";
import type { Admit } from "../../usecases/admission/caller.ts";

/** Prometheus's text format 0.0.4, which everything that scrapes understands. */
const contentType = "text/plain; version=0.0.4; charset=utf-8";

/** The numbers are of all tenants together, so that with API keys only one with the scope `admin` sees them. */
export const registerMetrics = (app: FastifyInstance, admit: Admit, metrics: () => Promise<string>): void => {
  app.get("/metrics", { schema: { hide: true } }, async (request, reply) => {
    request.caller = await admit("readMetrics", request.headers.authorization, request.ip);
    return reply
      .type(contentType)
      .header("cache-control", "no-store")
      .send(await metrics());
  });
};
