import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance, FastifySchema } from "fastify";
import { z } from "zod";
import type { Deps } from "../../usecases/deps.ts";
import { readiness } from "../../usecases/upkeep/readiness.ts";

const Check = z
  .object({
    ok: z.boolean().describe("whether it works"),
    detail: z.string().nullable().describe("what is wrong with it; null: nothing"),
  })
  .meta({ id: "ReadinessCheck", description: "One thing that the service needs." });
const Health = z.object({ status: z.literal("ok") }).meta({ id: "Health", description: "The process lives." });
const ReadinessAnswer = z
  .object({
    status: z
      .enum(["ready", "degraded", "not_ready"])
      .describe("degraded: jobs are accepted and kept, but no trainer takes them up"),
    checks: z
      .object({ redis: Check, artifactStore: Check, queue: Check, trainers: Check })
      .meta({ id: "ReadinessChecks", description: "What the service needs." })
      .describe("each by itself"),
  })
  .meta({ id: "Readiness", description: "Whether the service can work." });

const documented = (
  operationId: string,
  summary: string,
  response: Record<string, { description: string; schema: z.ZodType }>,
) =>
  ({
    operationId,
    tags: ["service"],
    summary,
    description: "Open to everyone, as probes carry no key.",
    security: [],
    response: Object.fromEntries(
      Object.entries(response).map(([status, { description, schema }]) => [
        status,
        { description, content: { "application/json": { schema } } },
      ]),
    ),
  }) as FastifySchema;

/** Swagger UI sets styles through attributes and shows its icons as data URLs; everything else comes from this server. */
const documentPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/** The look of the page, from its own files, relative to where the theme is served. */
const theme = {
  title: "API reference · Descent",
  css: [
    {
      filename: "descent.css",
      content: '@import "../../../../assets/tokens.css";\n@import "../../../../assets/reference.css";\n',
    },
  ],
};

/** Liveness, readiness and the document: open to everyone, as probes carry no key. */
export const registerService = async (app: FastifyInstance, deps: Deps): Promise<void> => {
  app.get(
    "/healthz",
    { schema: documented("health", "Whether the process lives", { 200: { description: "It does", schema: Health } }) },
    async () => ({ status: "ok" }),
  );
  app.get(
    "/readyz",
    {
      schema: documented("readiness", "Whether it can work, and what is wrong if not", {
        200: { description: "Ready, or degraded", schema: ReadinessAnswer },
        503: { description: "Not ready", schema: ReadinessAnswer },
      }),
    },
    async (_request, reply) => {
      const answer = await readiness(deps);
      reply.code(answer.status === "not_ready" ? 503 : 200).header("cache-control", "no-store");
      return answer;
    },
  );
  let document: string | undefined;
  app.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply.type("application/json").send(document);
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs/api",
    staticCSP: true,
    theme,
    // The page is served over plain HTTP on loopback, and needs nothing from elsewhere.
    transformStaticCSP: () => documentPolicy,
    uiConfig: { docExpansion: "list", validatorUrl: null, tryItOutEnabled: true },
  });
};
