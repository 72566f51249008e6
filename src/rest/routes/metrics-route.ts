import type { FastifyInstance } from "fastify";
import { type MetricsFormat, metricsContentTypes, metricsFormatOf } from "../../domain/observing/metrics-format.ts";
import type { Admit } from "../../usecases/admission/caller.ts";

/** The numbers are of all tenants together, so that with API keys only one with the scope `admin` sees them. */
export const registerMetrics = (
  app: FastifyInstance,
  admit: Admit,
  metrics: (format: MetricsFormat) => Promise<string>,
): void => {
  app.get("/metrics", { schema: { hide: true } }, async (request, reply) => {
    request.caller = await admit("readMetrics", request.headers.authorization, request.ip);
    const format = metricsFormatOf(request.headers.accept);
    return reply
      .type(metricsContentTypes[format])
      .header("vary", "accept")
      .header("cache-control", "no-store")
      .send(await metrics(format));
  });
};
