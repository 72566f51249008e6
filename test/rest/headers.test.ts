import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRestServer } from "../../src/rest/server.ts";
import { registerWeb } from "../../src/web/web.ts";
import { finishJob, startTestService, type TestService } from "../usecases/service.ts";
import { createClient } from "./client.ts";

let service: TestService;
let app: Awaited<ReturnType<typeof createRestServer>>;
let url = "";
const client = createClient(() => url);
const paths = { events: "", weights: "", job: "" };
beforeAll(async () => {
  service = await startTestService();
  app = await createRestServer(service.deps, { plugins: [registerWeb], metrics: async () => "up 1\n" });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
  const job = await client.submit(await client.upload());
  const model = await finishJob(service, job);
  paths.job = `/v1/jobs/${job.id}`;
  paths.events = `${paths.job}/events`;
  paths.weights = `/v1/models/${model.id}/weights`;
});
afterAll(async () => {
  await app.close();
  await service.close();
});

const nothingAllowed = "default-src 'none';frame-ancestors 'none'";

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
    ["the docs", () => client.call("/docs/"), 200, /^default-src 'self';.*frame-ancestors 'none'/, ""],
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

  it("are on a not modified one too, which keeps its cache's orders", async () => {
    const first = await client.call("/v1/jobs");
    const again = await client.call("/v1/jobs", { headers: { "if-none-match": first.headers.get("etag") ?? "" } });
    expect([again.status, again.headers.get("cache-control")]).toEqual([304, "private, no-cache"]);
    expect(again.headers.get("content-security-policy")).toBe(nothingAllowed);
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
