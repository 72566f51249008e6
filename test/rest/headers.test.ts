import { createHash } from "node:crypto";
import { get } from "node:http";
import { connect } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { logRequests } from "../../src/main/observing/request-log.ts";
import { restRoutes } from "../../src/rest/routes/routes.ts";
import { createRestServer } from "../../src/rest/server.ts";
import { readAssets } from "../../src/web/assets.ts";
import { registerWeb } from "../../src/web/web.ts";
import { finishJob, startTestService, type TestService } from "../usecases/service.ts";
import { createClient } from "./client.ts";

let service: TestService;
let app: Awaited<ReturnType<typeof createRestServer>>;
let url = "";
const client = createClient(() => url);
const paths = { events: "", weights: "", job: "", dataset: "", model: "" };
beforeAll(async () => {
  service = await startTestService();
  app = await createRestServer(service.deps, {
    ...{ plugins: [registerWeb], metrics: async () => "up 1\n" },
    onFinished: logRequests(pino({ level: "debug" }, { write: () => {} })),
  });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
  const job = await client.submit(await client.upload());
  const model = await finishJob(service, job);
  paths.job = `/v1/jobs/${job.id}`;
  paths.dataset = `/v1/datasets/${job.spec.dataset}`;
  paths.model = `/v1/models/${model.id}`;
  paths.events = `${paths.job}/events`;
  paths.weights = `/v1/models/${model.id}/weights`;
});
afterAll(async () => {
  await app.close();
  await service.close();
});

const nothingAllowed = "default-src 'none';frame-ancestors 'none'";

/** As it is written: fetch resolves dots before it sends. */
const rawGet = (path: string): Promise<Response> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    get({ hostname, port, path }, (incoming) => {
      const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
      incoming.resume().once("end", () => resolve(new Response(null, { status: incoming.statusCode ?? 0, headers })));
    }).once("error", reject);
  });

const answers: [name: string, ask: () => Promise<Response>, status: number, policy: string | RegExp, cache: string][] =
  [
    ["a job", () => client.call(paths.job), 200, nothingAllowed, "private, no-cache"],
    ["a list", () => client.call("/v1/jobs"), 200, nothingAllowed, "private, no-cache"],
    ["events as a stream", () => client.call(paths.events), 200, nothingAllowed, "no-store"],
    ["weights", () => client.call(paths.weights), 200, nothingAllowed, "private, no-cache"],
    ["a refusal", () => client.post("/v1/jobs", { nothing: true }), 422, nothingAllowed, "no-store"],
    ["no such job", () => client.call("/v1/jobs/job_01ARZ3NDEKTSV4RRFFQ69G5FAV"), 404, nothingAllowed, "no-store"],
    ["no such path", () => client.call("/nothing/here"), 404, nothingAllowed, "no-store"],
    ["no such method", () => client.call("/v1/jobs", { method: "DELETE" }), 405, nothingAllowed, "no-store"],
    [
      "a path that leads out of a folder",
      () => rawGet("/docs/api/static/%2e%2e/package.json"),
      404,
      /frame-ancestors/,
      "no-store",
    ],
    ["a path that cannot be decoded", () => client.call("/%zz"), 400, nothingAllowed, "no-store"],
    ["health", () => client.call("/healthz"), 200, nothingAllowed, ""],
    ["readiness", () => client.call("/readyz"), 200, nothingAllowed, "no-store"],
    ["metrics", () => client.call("/metrics"), 200, nothingAllowed, "no-store"],
    ["the document", () => client.call("/openapi.json"), 200, nothingAllowed, ""],
    [
      "the page",
      () => client.call("/"),
      200,
      /^default-src 'self';.*object-src 'none'.*frame-ancestors 'none'/,
      "no-cache",
    ],
    ["a file of the page", () => client.call("/assets/style.css"), 200, nothingAllowed, "no-cache"],
    ["the docs", () => client.call("/docs/api/"), 200, /^default-src 'self';.*frame-ancestors 'none'/, ""],
  ];

describe("headers that keep browsers and proxies from doing what they should not", () => {
  it.each(answers)("are on %s", async (_name, ask, status, policy, cache) => {
    const { status: answered, headers, body } = await ask();
    await body?.cancel();
    expect(answered).toBe(status);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toMatch(
      typeof policy === "string" ? new RegExp(`^${policy}$`) : policy,
    );
    expect(headers.get("cache-control") ?? "").toBe(cache);
    expect(headers.get("x-request-id")).toMatch(/^req_/);
    expect(headers.get("strict-transport-security")).toBeNull();
    expect(headers.get("x-powered-by") ?? headers.get("server")).toBeNull();
    if (status === 400) return; // refused before the router knew it
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toMatch(/^(no-referrer|same-origin)$/);
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("permissions-policy")).toContain("camera=()");
  });

  it("are the same on a not modified answer, wherever there is one: a browser puts them in the place of those it has kept", async () => {
    const told = ["date", "connection", "keep-alive", "transfer-encoding", "x-request-id"];
    const ofTheBody = ["content-type", "content-length", "content-encoding"];
    const headersOf = ({ headers }: Response): Record<string, string> =>
      Object.fromEntries([...headers].filter(([name]) => ![...told, ...ofTheBody].includes(name)));
    const page = readAssets().map((asset) => asset.url);
    const docs = ["/docs/api/static/swagger-ui.css", "/docs/api/static/swagger-ui-bundle.js"];
    const api = ["/v1/jobs", "/v1/datasets", "/v1/models", paths.job, `${paths.job}/metrics`, paths.weights];
    for (const path of [...page, ...docs, ...api]) {
      const first = await client.call(path);
      await first.arrayBuffer();
      const tag = first.headers.get("etag");
      expect(tag, `${path} has an ETag`).not.toBeNull();
      const again = await client.call(path, { headers: { "if-none-match": `"other", ${tag}` } });
      expect([path, again.status, (await again.text()).length]).toEqual([path, 304, 0]);
      expect(headersOf(again), path).toEqual(headersOf(first));
      const headers = { "if-none-match": tag ?? "" };
      const asked = await client.call(path, { method: "HEAD" });
      const unchanged = await client.call(path, { method: "HEAD", headers });
      // Operations but downloads have no HEAD; whatever has one says the same as GET.
      const hasHead = !api.includes(path) || path === paths.weights;
      expect([path, asked.status, unchanged.status]).toEqual([path, ...(hasHead ? [200, 304] : [405, 405])]);
      if (asked.status === 200) expect(headersOf(asked), path).toEqual(headersOf(first));
    }
    const events = await client.call(paths.events, { headers: { accept: "application/json" } });
    const tag = events.headers.get("etag") ?? "";
    const again = await client.call(paths.events, { headers: { accept: "application/json", "if-none-match": tag } });
    expect([again.status, headersOf(again)]).toEqual([304, headersOf(events)]);
  });

  it("of a download are told by HEAD as by GET, without the file: length, type, digest", async () => {
    const files = restRoutes.filter(({ isFile }) => isFile === true);
    // Whatever answers with something else than JSON is a download, but for events and pictures.
    const others = restRoutes.filter(({ method, isFile, responses }) => {
      const answer = (responses as unknown as Record<string, { content?: object }>)[200];
      return (
        method === "GET" && isFile !== true && !Object.keys(answer?.content ?? {}).every((type) => /json$/.test(type))
      );
    });
    expect(others.map(({ url }) => url).sort()).toEqual([
      ...["/v1/datasets/:id/rows/:row/image", "/v1/jobs/:id/events", "/v1/studies/:id/events"],
    ]);
    const told = ({ headers }: Response) =>
      ["content-length", "content-type", "content-disposition", "etag", "repr-digest", "vary"].map((name) =>
        headers.get(name),
      );
    const seen = [];
    for (const { url: pattern } of files) {
      const id = pattern.startsWith("/v1/jobs")
        ? paths.job
        : pattern.startsWith("/v1/datasets")
          ? paths.dataset
          : paths.model;
      const path = pattern.replace(
        /^\/v1\/\w+\/:id/,
        /^\/v1\/(jobs|datasets|models)/.test(pattern) ? id : "/v1/studies/none",
      );
      const [got, asked] = [await client.call(path), await client.call(path, { method: "HEAD" })];
      const file = Buffer.from(await got.arrayBuffer());
      expect([path, asked.status, (await asked.text()).length]).toEqual([path, got.status, 0]);
      if (got.status !== 200) continue;
      seen.push(pattern);
      const [length, ...rest] = told(asked);
      expect([path, ...rest]).toEqual([path, ...told(got).slice(1)]);
      expect([path, length ?? String(file.length)]).toEqual([path, String(file.length)]);
      const digest = got.headers.get("repr-digest");
      if (digest !== null) expect(digest).toBe(`sha-256=:${createHash("sha256").update(file).digest("base64")}:`);
    }
    expect(seen).toEqual(
      expect.arrayContaining(["/v1/models/:id/weights", "/v1/datasets/:id/file", "/v1/jobs/:id/rows"]),
    );
    expect((await client.call(`${paths.dataset}/file`, { method: "HEAD" })).headers.get("repr-digest")).not.toBeNull();
  });

  it.each([
    ...[
      "/docs/api/static/%2e%2e/x",
      "/docs/api/static/../x",
      "/docs/api/static/%00",
      "/docs/api/static/x%5c..%5cy",
      "/docs/api/static/no.css",
    ],
    ...[
      "/docs/api/static/%2e%2e%2f%2e%2e%2fpackage.json",
      "/docs/api/static/.hidden",
      "/assets/%2e%2e/web.ts",
      "/assets/%00",
    ],
    ...["", "/docs/api/static", "/docs", "/assets", "/v1", "/v1/jobs"].map((folder) => `${folder}/${"a".repeat(300)}`),
  ])("GET %s is nothing, and no mistake of the service", async (path) => {
    const { status, headers } = await rawGet(path);
    expect([400, 404]).toContain(status);
    expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect((await client.call("/healthz")).status).toBe(200);
  });

  it.each([
    [{ range: "bytes=999999999-" }, 400],
    [{ "if-match": '"other"' }, 400],
    [{ range: "lines=1" }, 200],
  ])("a file of the docs asked for with %o is answered, and is no mistake of the service", async (headers, status) => {
    const answer = await client.call("/docs/api/static/swagger-ui.css", { headers });
    await answer.arrayBuffer();
    expect(answer.status).toBe(status);
  });

  it("are on what is answered to something that is not HTTP", async () => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const text = await new Promise<string>((resolve, reject) => {
      let received = "";
      socket.once("error", reject).on("data", (data) => (received += data.toString()));
      socket.once("close", () => resolve(received));
      socket.write("HELLO\r\n\r\n");
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    for (const header of [
      "x-content-type-options: nosniff",
      "content-security-policy: default-src",
      "cache-control: no-store",
    ])
      expect(text).toContain(header);
  });
});
