import { type IncomingHttpHeaders, request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestService, type TestService } from "../usecases/service.ts";
import { createClient } from "./client.ts";

/** Exactly these headers: fetch adds its own and forbids some. */
const ask = (base: string, method: string, path: string, headers: Record<string, string>) =>
  new Promise<{ status: number; code: string; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const asked = request(
      { hostname, port, method, path, headers, setHost: headers.host === undefined },
      (response) => {
        let text = "";
        response.on("data", (part: Buffer) => (text += part.toString()));
        response.once("end", () => {
          const code = text.startsWith("{") ? (JSON.parse(text) as { code?: string }).code : undefined;
          resolve({ status: response.statusCode ?? 0, code: code ?? "", headers: response.headers });
        });
      },
    );
    asked.once("error", reject).end();
  });

const form = {
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "content-type": "application/x-www-form-urlencoded",
};
const refused = { status: 403, code: "foreign_origin" };

describe("without API keys, a page of another site", () => {
  let service: TestService;
  let port = "";
  let steer = "";
  const client = createClient(() => service.url);
  beforeAll(async () => {
    service = await startTestService();
    port = new URL(service.url).port;
    steer = `/v1/jobs/${(await client.submit(await client.upload())).id}/pause`;
  });
  afterAll(() => service.close());

  it.each([
    "evil.example",
    "evil.example:80",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.7",
    "[::2]",
    "0.0.0.0",
    "a@127.0.0.1",
  ])("reads nothing under a name of its own: Host %s", async (host) => {
    for (const path of ["/v1/jobs", "/", "/docs/", "/openapi.json", "/healthz", "/nothing"])
      expect(await ask(service.url, "GET", path, { host }), path).toMatchObject(refused);
  });

  it.each([
    "127.0.0.1",
    "127.0.0.1:PORT",
    "localhost:PORT",
    "LOCALHOST",
    "[::1]:PORT",
    "descent.localhost:1",
    "127.8.8.8",
  ])("does not keep those out who ask by a loopback name: Host %s", async (host) => {
    const named = host.replace("PORT", port);
    expect((await ask(service.url, "GET", "/v1/jobs", { host: named })).status).toBe(200);
    const own = { host: named, origin: `http://${named}`, "content-type": "application/json" };
    expect((await ask(service.url, "POST", steer, own)).status).toBe(200);
  });

  it.each([
    "http://evil.example",
    "null",
    "http://localhost:1",
    "https://127.0.0.1:1",
    "http://127.0.0.1.evil.example",
    "file://",
    "nonsense",
  ])("asks for nothing and changes nothing by scripts: Origin %s", async (origin) => {
    for (const [method, path] of [
      ["GET", "/v1/jobs"],
      ["POST", steer],
      ["OPTIONS", "/v1/jobs"],
      ["DELETE", "/v1/jobs/x"],
    ] as const)
      expect(await ask(service.url, method, path, { origin, "content-type": "application/json" })).toMatchObject(
        refused,
      );
  });

  it.each([
    ["a form", form],
    ["a form without a type", { accept: form.accept }],
    ["a form of text", { "content-type": "text/plain" }],
    ["a form in parts", { "content-type": "multipart/form-data; boundary=x" }],
    ["a navigation", { "sec-fetch-mode": "navigate" }],
    ["a script without an origin", { "sec-fetch-site": "cross-site", "content-type": "application/json" }],
    ["a page of another port", { "sec-fetch-site": "same-site" }],
  ])("changes nothing by %s that has no body", async (_name, headers: Record<string, string>) => {
    for (const action of ["pause", "resume", "cancel"])
      expect(await ask(service.url, "POST", steer.replace("pause", action), headers), action).toMatchObject(refused);
  });

  it.each([
    ["curl", { accept: "*/*", "user-agent": "curl/8" }],
    ["a client without any header", {}],
    ["a generated client", { accept: "application/json" }],
    [
      "one that asks for a page, with a header that no form can send",
      { accept: form.accept, "x-requested-with": "test" },
    ],
    [
      "the status page",
      { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "content-type": "application/json" },
    ],
  ])("does not keep out %s", async (_name, headers: Record<string, string>) => {
    expect((await ask(service.url, "POST", steer, headers)).status).toBe(200);
  });

  it("with keys names and origins are free: the key is the lock", async () => {
    const keyed = await startTestService({
      admit: async () => ({ tenant: "default", scopes: new Set(["read"] as const), key: "k" }),
    });
    const headers = { host: "descent.example", origin: "https://descent.example" };
    expect((await ask(keyed.url, "GET", "/v1/jobs", headers)).status).toBe(200);
    await keyed.close();
  });
});
