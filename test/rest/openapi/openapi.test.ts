import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { errorCatalogue } from "../../../src/domain/errors.ts";
import { restRoutes } from "../../../src/rest/routes/routes.ts";
import { startTestService, type TestService } from "../../usecases/service.ts";

let service: TestService;
let document: OpenApi;
beforeAll(async () => {
  service = await startTestService();
  document = OpenApi.parse(await (await fetch(`${service.url}/openapi.json`)).json());
});
afterAll(() => service.close());

const Media = z.record(
  z.string(),
  z.object({ schema: z.record(z.string(), z.unknown()), example: z.unknown().optional() }),
);
const Operation = z.object({
  operationId: z.string(),
  summary: z.string().min(5),
  tags: z.array(z.string()).length(1),
  description: z.string().optional(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(["query", "path", "header"]),
        schema: z.object({}),
        description: z.string().optional(),
      }),
    )
    .optional(),
  requestBody: z.object({ required: z.literal(true), content: Media }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string().min(1), content: Media.optional() })),
});
/** The parts of the OpenAPI 3.1 schema that the document uses. */
const OpenApi = z.object({
  openapi: z.literal("3.1.0"),
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string().min(1) })),
  paths: z.record(
    z.string().startsWith("/"),
    z.partialRecord(z.enum(["get", "post", "put", "patch", "delete"]), Operation),
  ),
  components: z.object({
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
    securitySchemes: z.object({ apiKey: z.object({}) }),
  }),
});
type OpenApi = z.infer<typeof OpenApi>;

const operationOf = (url: string, method: string) => {
  const operation = document.paths[url.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase() as "get"];
  if (operation === undefined) throw new Error(`the document lacks ${method} ${url}`);
  return operation;
};

describe("the OpenAPI document", () => {
  it("has every route with all its answers, and one id for each", () => {
    for (const { url, method, operations, errors, responses } of restRoutes) {
      const operation = operationOf(url, method);
      expect(operation.operationId).toBe(operations[0]);
      const statuses = [
        ...Object.keys(responses),
        ...errors.map((code) => String(errorCatalogue[code].http)),
        "401",
        "403",
        "503",
      ];
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(statuses));
    }
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("says what each of the tags is about that its operations have", () => {
    const used = new Set(
      Object.values(document.paths).flatMap((path) => Object.values(path).flatMap(({ tags }) => tags)),
    );
    expect(document.tags.map(({ name }) => name).sort()).toEqual([...used].sort());
  });

  it("resolves each of its references", () => {
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name ?? "",
    );
    expect(names.length).toBeGreaterThan(50);
    for (const name of names) expect(document.components.schemas).toHaveProperty(name);
  });

  it("names the parameters of each path", () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(methods)) {
        expect(parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name)).toEqual(wanted);
      }
    }
  });

  it("shows bodies with examples that the service accepts the shape of, and errors as problem documents", async () => {
    for (const { url, method, body } of restRoutes) {
      const { requestBody, responses } = operationOf(url, method);
      // A file has no example.
      if (body !== undefined && /json/.test(body.contentType)) {
        const example = requestBody?.content[body.contentType]?.example;
        expect(example).toBeDefined();
        expect(body.schema.safeParse(example).success).toBe(true);
      }
      expect(responses["422"]?.content).toHaveProperty(["application/problem+json"]);
    }
  });

  it("asks of a JobSpec only what is required, and shows of an answer what is always there", () => {
    const { JobSpec, JobSpecOutput } = document.components.schemas;
    expect(JobSpec?.required).toEqual(["dataset", "task"]);
    expect(JobSpecOutput?.required).toEqual(
      expect.arrayContaining(["dataset", "task", "training", "resources", "labels"]),
    );
  });
});

describe("the browser of the document", () => {
  it("needs nothing from elsewhere", async () => {
    const page = await fetch(`${service.url}/docs/api`);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'self'/);
    const html = await page.text();
    const references = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference]) => reference ?? "");
    expect(references.length).toBeGreaterThan(3);
    for (const reference of references) {
      const url = new URL(reference, `${service.url}/docs/api`);
      expect(url.origin).toBe(service.url);
      const answer = await fetch(url);
      expect([reference, answer.status]).toEqual([reference, 200]);
      await answer.arrayBuffer();
    }
  });
});
