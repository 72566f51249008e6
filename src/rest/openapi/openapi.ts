import swagger from "@fastify/swagger";
import type { FastifyInstance, FastifySchema } from "fastify";
import {
  type FastifyZodOpenApiSchema,
  fastifyZodOpenApiPlugin,
  fastifyZodOpenApiTransformers,
} from "fastify-zod-openapi";
import { type ErrorCode, errorCatalogue } from "../../domain/errors.ts";
import { operations } from "../../usecases/admission/operations.ts";
import { problemContentType } from "../problem.ts";
import type { RestRoute } from "../routes/route.ts";
import { Problem } from "./schemas.ts";
import { breakCircle, type Schema, shapeSchema } from "./shape-schemas.ts";

/** Answers that any operation may give: keys, limits, parameters, ourselves. */
const everywhere: readonly ErrorCode[] = [
  "malformed",
  "unauthenticated",
  "forbidden",
  "foreign_origin",
  "invalid",
  "rate_limited",
  "internal",
  "unavailable",
  "overloaded",
];

/** One entry per status, naming the codes that come with it. */
const errorResponses = (codes: readonly ErrorCode[]) => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...codes, ...everywhere])) {
    const { http } = errorCatalogue[code];
    byStatus.set(http, [...(byStatus.get(http) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, some]) => [
        String(status),
        {
          description: some.map((code) => `\`${code}\`: ${errorCatalogue[code].title}`).join("; "),
          content: { [problemContentType]: { schema: Problem } },
        },
      ]),
  );
};

/** What the document says about a route. Nothing here validates: the use cases do. */
export const routeSchema = (route: RestRoute): FastifySchema => {
  const [operation] = route.operations;
  const schema = {
    operationId: operation,
    tags: [route.tag],
    summary: operations[operation].summary,
    description: `${route.description} Scope: \`${operations[operation].scope}\`.`,
    querystring: route.query,
    ...(route.params === undefined ? {} : { params: route.params }),
    ...(route.headers === undefined ? {} : { headers: route.headers }),
    ...(route.body === undefined
      ? {}
      : {
          body: {
            required: true,
            content: {
              [route.body.contentType]: {
                schema: route.body.schema,
                ...(route.body.example === undefined ? {} : { example: route.body.example }),
              },
              ...Object.fromEntries(
                (route.body.otherTypes ?? []).map((type) => [
                  type,
                  { schema: route.body?.otherSchema ?? route.body?.schema },
                ]),
              ),
            },
          },
        }),
    response: { ...route.responses, ...errorResponses(route.errors) },
    security: [{ apiKey: [] }, {}],
  };
  return schema as FastifyZodOpenApiSchema as FastifySchema;
};

const description = `Upload a data set, submit a training job, watch it, and get back a model.

Ids are opaque. Times are RFC 3339 in UTC. Every error is \`application/problem+json\` (RFC 9457) with a stable \`code\`. The same operations are offered over gRPC, package \`descent.v1\`.`;

type Document = ReturnType<typeof fastifyZodOpenApiTransformers.transformObject>;

interface Parts {
  components?: { schemas?: Record<string, Schema> };
  paths?: Record<
    string,
    Record<string, { requestBody?: { content: Record<string, { example?: unknown }> } } | undefined>
  >;
}

/** The plugins drop the examples of bodies; and schemas are put as generators of clients need them. */
const finished = (document: Document, routes: readonly RestRoute[]): Document => {
  const { paths = {}, components } = document as Parts;
  for (const [name, schema] of Object.entries(components?.schemas ?? {})) {
    breakCircle(name, schema);
    shapeSchema(schema);
  }
  for (const { url, method, body } of routes) {
    const path = paths[url.replaceAll(/:([a-z]+)/gi, "{$1}")];
    const media = body && path?.[method.toLowerCase()]?.requestBody?.content[body.contentType];
    if (media !== undefined && body?.example !== undefined) media.example = body.example;
  }
  return document;
};

/** Collects the routes that are registered after it into an OpenAPI 3.1 document. */
export const registerOpenApi = async (
  app: FastifyInstance,
  routes: readonly RestRoute[],
  version: string,
): Promise<void> => {
  await app.register(fastifyZodOpenApiPlugin);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Descent", version, description, license: { name: "MIT", identifier: "MIT" } },
      servers: [{ url: "/" }],
      tags: [
        { name: "datasets", description: "Files that jobs learn from" },
        { name: "jobs", description: "Training, from submission to its end" },
        { name: "models", description: "What jobs leave behind" },
        { name: "aliases", description: "Movable names of models" },
        { name: "studies", description: "The search for hyper-parameters: many jobs that are compared" },
        { name: "predictions", description: "Answers for whole data sets" },
        { name: "access", description: "Who may do what" },
        { name: "service", description: "Health" },
      ],
      components: {
        securitySchemes: {
          apiKey: { type: "http", scheme: "bearer", description: "An API key, where the service runs with keys" },
        },
      },
    },
    transform: fastifyZodOpenApiTransformers.transform,
    transformObject: (input) => finished(fastifyZodOpenApiTransformers.transformObject(input), routes),
  });
};
