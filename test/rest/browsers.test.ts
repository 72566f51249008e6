import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { createGrpcServer } from "../../src/grpc/server.ts";
import { createRestServer } from "../../src/rest/server.ts";
import { createRateLimiter } from "../../src/store/redis/rate-limiter.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import { admitTokens } from "../../src/usecases/access/event-tokens.ts";
import type { Admit } from "../../src/usecases/admission/caller.ts";
import { limitRate } from "../../src/usecases/admission/rate-limit.ts";
import { ask, connectClients, refusalOf } from "../grpc/clients.ts";
import { finishJob, startTestService, type TestService } from "../usecases/service.ts";
import { createClient } from "./client.ts";

const app = "https://app.example";

let service: TestService;
const client = createClient(() => service.url);
let job = "";
let other = "";
beforeAll(async () => {
  service = await startTestService();
  const dataset = await client.upload();
  const recorded = await client.submit(dataset);
  job = recorded.id;
  other = (await client.submit(dataset)).id;
  await finishJob(service, recorded);
});
afterAll(() => service?.close());

/** A server of the same records with other options. */
const serve = async (options: Parameters<typeof createRestServer>[1]) => {
  const rest = await createRestServer(service.deps, options);
  const url = await rest.listen({ host: "127.0.0.1", port: 0 });
  return { call: (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, init), close: () => rest.close() };
};

describe("pages of other origins", () => {
  const preflight = (origin: string) => ({
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
  });

  it("that are named may ask, read the answers and change things; never with credentials", async () => {
    const server = await serve({ corsOrigins: [app] });
    const asked = await server.call("/v1/jobs", preflight(app));
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-methods")).toContain("DELETE");
    expect(asked.headers.get("access-control-allow-headers")).toMatch(/authorization.*idempotency-key.*last-event-id/);
    const answers = [
      [await server.call("/v1/jobs", { headers: { origin: app } }), 200],
      [await server.call("/v1/jobs/job_x", { headers: { origin: app } }), 404],
      [await server.call(`/v1/jobs/${other}/pause`, { method: "POST", headers: { origin: app } }), 200],
      [await server.call(`/v1/jobs/${job}/events`, { headers: { origin: app } }), 200],
    ] as const;
    for (const [answer, status] of [[asked, 204] as const, ...answers]) {
      await answer.body?.cancel();
      expect(answer.status).toBe(status);
      expect(answer.headers.get("access-control-allow-origin")).toBe(app);
      expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
      expect(answer.headers.get("vary")).toMatch(/\bOrigin\b/);
    }
    expect(answers[0][0].headers.get("access-control-expose-headers")).toMatch(/etag.*location.*ratelimit/);
    // A cache must know that others get other answers.
    expect((await server.call("/v1/jobs")).headers.get("vary")).toMatch(/\bOrigin\b/);
    await server.close();
  });

  it.each(["http://app.example", "https://app.example:444", "https://app.example.evil.example", "null"])(
    "that are not named are kept out as before: %s",
    async (origin) => {
      const open = await serve({ corsOrigins: [app] });
      const keyed = await serve({
        corsOrigins: [app],
        admit: async () => ({ tenant: "default", scopes: new Set(["read"] as const), key: "k" }),
      });
      for (const init of [{ headers: { origin } }, preflight(origin)]) {
        const refused = await open.call("/v1/jobs", init);
        expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([403, "foreign_origin"]);
        expect((await keyed.call("/v1/jobs", init)).headers.get("access-control-allow-origin")).toBeNull();
      }
      await Promise.all([open.close(), keyed.close()]);
    },
  );
});

describe("an event token", () => {
  let now = Date.parse("2026-01-01T00:00:00Z");
  let inForce = true;
  const byKey: Admit = async (_operation, authorization) => {
    if (authorization !== "Bearer key") throw new ServiceError("unauthenticated", "a key is needed");
    return { tenant: "default", scopes: new Set(["read"] as const), key: "ci" };
  };
  const tokens = () => ({
    tokenSecret: service.deps.tokenSecret,
    now: () => new Date(now),
    isInForce: async (tenant: string, key: string) => inForce && tenant === "default" && key === "ci",
  });
  const withKey = { authorization: "Bearer key", "content-type": "application/json" };

  it("opens the events of one job, for its minutes and as long as its key is in force, and nothing else", async () => {
    const deps = { ...service.deps, now: () => new Date(now) };
    const rest = await createRestServer(deps, { admit: admitTokens(byKey, tokens()) });
    const url = await rest.listen({ host: "127.0.0.1", port: 0 });
    const statusOf = async (path: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${url}${path}`, { headers });
      await answer.body?.cancel();
      return answer.status;
    };
    const create = (body: unknown) =>
      fetch(`${url}/v1/tokens`, { method: "POST", headers: withKey, body: JSON.stringify(body) });
    const made = await create({ resource: job, seconds: 60 });
    expect(made.status).toBe(201);
    const { token, expiresAt, resource } = (await made.json()) as Record<string, string>;
    expect([resource, expiresAt]).toEqual([job, "2026-01-01T00:01:00.000Z"]);
    const events = `/v1/jobs/${job}/events`;
    const stream = await fetch(`${url}${events}?token=${token}`);
    expect(await stream.text()).toContain("event: end");
    expect(await statusOf(events, { authorization: `Token ${token}` })).toBe(200);
    expect(await statusOf(events)).toBe(401);
    expect(await statusOf(`/v1/jobs/${other}/events?token=${token}`)).toBe(403);
    expect(await statusOf(`/v1/jobs/${job}`, { authorization: `Token ${token}` })).toBe(403);
    expect(await statusOf(`/v1/jobs/${job}?token=${token}`)).toBe(401);
    const [payload = "", signature = ""] = token!.split(".");
    const forged = Buffer.from(payload.slice(4), "base64url").toString().replace("default", "another");
    const forgeries = [`dst_${Buffer.from(forged).toString("base64url")}.${signature}`, `${payload}.`, payload, "x.y"];
    for (const each of forgeries) expect(await statusOf(`${events}?token=${each}`), each).toBe(401);
    inForce = false;
    expect(await statusOf(`${events}?token=${token}`)).toBe(401);
    inForce = true;
    now += 60_000;
    expect(await statusOf(`${events}?token=${token}`)).toBe(401);
    for (const [body, status] of [
      [{ resource: "job_01ARZ3NDEKTSV4RRFFQ69G5FAV" }, 404],
      [{ resource: "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV" }, 422],
      [{ resource: job, seconds: 100_000 }, 422],
    ] as const)
      expect((await create(body)).status).toBe(status);
    await rest.close();
  });
});

describe("where a request stands and comes from", () => {
  it("is told of its rate on every answer, predictions apart from reading, and when to come back", async () => {
    const connection = createProducerConnection(service.redis.url, () => {});
    await waitForRedis(connection, 5000);
    const rate = { perSecond: 0.001, burst: 3 };
    const admit = limitRate(
      async () => ({ tenant: "default", scopes: new Set(["read"] as const), key: "rated" }),
      createRateLimiter(connection),
      { read: rate, submit: rate, admin: rate, predict: { perSecond: 10, burst: 100 } },
    );
    const server = await serve({ admit });
    const told = (answer: Response) => [
      answer.status,
      answer.headers.get("ratelimit"),
      answer.headers.get("ratelimit-policy"),
    ];
    const policy = '"read";q=3;w=3000';
    expect(told(await server.call("/v1/jobs"))).toEqual([
      200,
      expect.stringMatching(/^"read";r=2;t=(1000|999)$/),
      policy,
    ]);
    expect(told(await server.call("/v1/jobs/job_x"))).toEqual([404, expect.stringContaining('"read";r=1;t='), policy]);
    const deleted = await server.call("/v1/jobs", { method: "DELETE" });
    expect([...told(deleted), deleted.headers.get("allow")]).toEqual([
      405,
      expect.stringContaining('"read";r=0;t='),
      policy,
      "GET, POST",
    ]);
    const refused = await server.call("/v1/jobs");
    expect(told(refused)).toEqual([429, expect.stringContaining('"read";r=0;t='), policy]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(900);
    const asked = { method: "POST", headers: { "content-type": "application/json" }, body: '{"rows":[]}' };
    expect(told(await server.call("/v1/models/none/predict", asked))).toEqual([
      404,
      '"predict";r=99;t=1',
      '"predict";q=100;w=10',
    ]);
    expect((await server.call("/healthz")).headers.get("ratelimit")).toBeNull();
    const grpc = createGrpcServer(service.deps, { admit });
    const clients = connectClients(`127.0.0.1:${await grpc.listen({ host: "127.0.0.1", port: 0 })}`);
    const { problem } = await refusalOf(ask(clients.jobs, clients.jobs.listJobs, { state: 0 }));
    expect(problem.code).toBe("rate_limited");
    clients.close();
    await Promise.all([server.close(), grpc.close(100)]);
    connection.disconnect();
  });

  it("keeps its id and its trace: in the answer, in a problem document, in the job's record and in log lines, over both surfaces", async () => {
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
    const headers = { "x-request-id": "shop/42.a", traceparent };
    const missing = await client.call("/v1/jobs/job_x", { headers });
    expect(missing.headers.get("x-request-id")).toBe("shop/42.a");
    expect(await missing.json()).toMatchObject({ code: "not_found", requestId: "shop/42.a" });
    const wrong = await client.call("/v1/jobs/job_x", { headers: { "x-request-id": "a b", traceparent: "00-0-0-0" } });
    expect(wrong.headers.get("x-request-id")).toMatch(/^req_/);
    const made = await client.submit(await client.upload(), headers);
    expect(made.origin).toEqual({ requestId: "shop/42.a", traceparent });
    const { jobs, close } = connectClients(service.grpcAddress);
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    expect((await ask(jobs, jobs.getJob, { id: made.id })).origin).toEqual(made.origin);
    const { problem } = await refusalOf(ask(jobs, jobs.getJob, { id: "job_x" }, metadata));
    expect(problem.requestId).toBe("shop/42.a");
    close();
  });
});
