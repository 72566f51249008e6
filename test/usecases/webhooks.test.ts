import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { createAddressPolicy } from "../../src/webhooks/address-policy.ts";
import { ask, type Clients, connectClients, refusalOf, uploadFile } from "../grpc/clients.ts";
import { finishJob, iris, startTestService, type TestService } from "./service.ts";

let service: TestService;
let unsigned: TestService;
let clients: Clients;
let dataset = "";
beforeAll(async () => {
  [service, unsigned] = await Promise.all([
    startTestService({ webhooks: createAddressPolicy(["hooks.internal"]) }),
    startTestService(),
  ]);
  clients = connectClients(service.grpcAddress);
  dataset = (await uploadFile(clients, iris)).id;
});
afterAll(async () => {
  clients.close();
  await Promise.all([service.close(), unsigned.close()]);
});

const task = { type: "classification", label: "species" };
const post = async (
  body: object,
  { to = service, path = "/v1/jobs", key }: { to?: TestService; path?: string; key?: string } = {},
) => {
  const headers = { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) };
  const response = await fetch(`${to.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Job & Problem };
};
const withUrl = (url: unknown) => ({ dataset, task, webhook: { url } });

const good = "https://example.com/hooks?token=a";

const refused: [string, unknown, string, RegExp][] = [
  ["no URL", "nowhere", "/webhook/url", /absolute URL/],
  ["another scheme", "ftp://example.com/", "/webhook/url", /https/],
  ["plain http", "http://example.com/", "/webhook/url", /https/],
  ["a user name", "https://me@example.com/", "/webhook/url", /user name/],
  ["a password", "https://:secret@example.com/", "/webhook/url", /password/],
  ["a fragment", "https://example.com/#a", "/webhook/url", /fragment/],
  ["a loopback address", "https://127.0.0.1/", "/webhook/url", /public/],
  ["a loopback address in disguise", "https://0x7f000001/", "/webhook/url", /public/],
  ["a mapped address", "https://[::ffff:10.0.0.1]/", "/webhook/url", /public/],
  ["the clouds' metadata", "https://169.254.169.254/latest", "/webhook/url", /public/],
  ["this host's name", "https://localhost/", "/webhook/url", /internet/],
  ["the port of another service", "https://example.com:25/", "/webhook/url", /port 25/],
  ["more than anyone types", `https://example.com/${"a".repeat(2048)}`, "/webhook/url", /at most 2048/],
];

describe("a job that names a webhook", () => {
  it.each(refused)("is refused for %s, over REST", async (_what, url, pointer, detail) => {
    const { status, body } = await post(withUrl(url));
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: "invalid", errors: [{ pointer, detail: expect.stringMatching(detail) }] });
    expect((await post(withUrl(url), { path: "/v1/jobs?validateOnly=true" })).status).toBe(422);
  });

  it.each(refused)("is refused for %s, over gRPC", async (_what, url, pointer, detail) => {
    const { jobs } = clients;
    const spec = { dataset, task: { ...task, features: [], exclude: [] }, labels: {}, webhook: { url: String(url) } };
    const { problem } = await refusalOf(ask(jobs, jobs.submitJob, { spec }));
    expect(problem).toMatchObject({ code: "invalid", errors: [{ pointer, detail: expect.stringMatching(detail) }] });
  });

  it("is refused for what is no webhook at all, with pointers", async () => {
    const { body } = await post({ dataset, task, webhook: { uri: good } });
    expect(body.errors).toEqual([
      { pointer: "/webhook/url", detail: "is required" },
      { pointer: "/webhook/uri", detail: expect.stringMatching(/unknown key.*url/) },
    ]);
    expect((await post({ dataset, task, webhook: good })).body.errors[0]?.pointer).toBe("/webhook");
    const { jobs } = clients;
    const spec = { dataset, task: { ...task, features: [], exclude: [] }, labels: {}, webhook: {} };
    const { problem } = await refusalOf(ask(jobs, jobs.validateJob, { spec }));
    expect(problem.errors).toEqual([{ pointer: "/webhook/url", detail: "is required" }]);
  });

  it("is refused by a server that could not sign, which takes the same job without", async () => {
    const client = connectClients(unsigned.grpcAddress);
    const here = (await uploadFile(client, iris)).id;
    client.close();
    const { status, body } = await post({ ...withUrl(good), dataset: here }, { to: unsigned });
    expect(status).toBe(422);
    expect(body.errors).toEqual([{ pointer: "/webhook", detail: expect.stringContaining("WEBHOOK_SECRET") }]);
    expect((await post({ dataset: here, task }, { to: unsigned })).status).toBe(202);
  });

  it("shows it in its record on both surfaces, and keeps everything else as without", async () => {
    const [named, plain] = [await post(withUrl(good)), await post({ dataset, task })];
    expect(named.status).toBe(202);
    const { webhook, ...rest } = named.body.spec;
    expect(webhook).toEqual({ url: good });
    expect(rest).toEqual(plain.body.spec);
    expect(named.body.plan).toEqual(plain.body.plan);
    const { jobs } = clients;
    const over = await ask(jobs, jobs.getJob, { id: named.body.id });
    expect(over.spec?.webhook).toEqual({ url: good });
    const spec = { dataset, task: { ...task, features: [], exclude: [] }, labels: {}, webhook: { url: good } };
    expect((await ask(jobs, jobs.submitJob, { spec })).spec?.webhook).toEqual({ url: good });
    expect((await ask(jobs, jobs.getJob, { id: plain.body.id })).spec?.webhook).toBeUndefined();
  });

  it("may go to a host that the configuration allows, over http", async () => {
    expect((await post(withUrl("http://hooks.internal:8080/a"))).status).toBe(202);
  });

  it("is the same request for the same idempotency key, and another one with another webhook", async () => {
    const first = await post(withUrl(good), { key: "k1" });
    expect((await post(withUrl(good), { key: "k1" })).body.id).toBe(first.body.id);
    expect((await post(withUrl(`${good}b`), { key: "k1" })).body.code).toBe("idempotency_mismatch");
    expect((await post({ dataset, task }, { key: "k1" })).body.code).toBe("idempotency_mismatch");
  });

  it("is described in the OpenAPI document", async () => {
    const document = await (await fetch(`${service.url}/openapi.json`)).json();
    const { schemas } = (document as { components: { schemas: Record<string, { properties: object }> } }).components;
    expect(schemas.JobSpec?.properties).toHaveProperty("webhook");
    expect(schemas.WebhookSpec).toMatchObject({
      type: "object",
      properties: { url: { type: "string", maxLength: 2048 } },
      required: ["url"],
      additionalProperties: false,
    });
  });

  it("is a base like any other: what is trained from its model tells nobody", async () => {
    const { body } = await post(withUrl(good));
    const model = await finishJob(service, body);
    const next = await post({ dataset, task, base: { model: model.id } });
    expect(next.status).toBe(202);
    expect(next.body.spec.webhook).toBeUndefined();
  });
});
