import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addApiKey } from "../../src/main/keys/api-key-file.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import { ask, connectClients } from "../grpc/clients.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, runMain, type Service, startService } from "./service.ts";

let dataDir = "";
let service: Service | null = null;
beforeEach(async () => {
  dataDir = await createDataDir();
});
afterEach(async () => {
  await service?.stop();
  service = null;
  await removeDataDir(dataDir);
});

/** Too long for a socket, so that the private Redis listens on a port, with a password. */
const longFolder = () => join(dataDir, "d".repeat(90));

const addressIn = async (folder: string): Promise<{ port: string; password: string }> => {
  const text = await readFile(join(folder, "redis/redis.conf"), "utf8");
  const value = (name: string): string => new RegExp(`^${name} (\\w+)$`, "m").exec(text)?.[1] ?? "";
  return { port: value("port"), password: value("requirepass") };
};

test("no process of the service writes a key or a password down, at the finest level and through errors", async () => {
  const file = join(dataDir, "keys.json");
  const key = await addApiKey(file, { id: "ci", tenant: "acme", scopes: ["read", "submit", "admin"] });
  const wrongKey = "wrong-key-that-somebody-tried-4711";
  const env = { API_KEYS_FILE: file, LOG_LEVEL: "trace", AWS_SECRET_ACCESS_KEY: "aws-secret-of-the-house" };
  service = await startService(longFolder(), env);
  const { port, password } = await addressIn(longFolder());
  expect(password.length).toBeGreaterThan(20);
  const authorization = `Bearer ${key}`;

  const client = createRestClient(service.url);
  const csv = Uint8Array.from(await dataFile("iris"));
  const upload = { method: "POST", headers: { "content-type": "text/csv", authorization }, body: csv };
  const { body: dataset } = await client.call<{ id: string }>("/v1/datasets?name=iris", upload);
  const spec = JSON.stringify({ dataset: dataset.id, task: { type: "classification", label: "species" } });
  const json = { "content-type": "application/json", authorization };
  const { body: job } = await client.call<{ id: string }>("/v1/jobs", { method: "POST", headers: json, body: spec });
  await client.call(`/v1/jobs/${job.id}?wait=30`, { headers: { authorization } });
  for (const path of ["/v1/jobs", `/v1/jobs?token=${wrongKey}`, `/metrics?apiKey=${wrongKey}`])
    expect((await client.call(path, { headers: { authorization: `Bearer ${wrongKey}` } })).status).toBe(401);
  const clients = connectClients(service.grpc);
  for (const presented of [authorization, `Bearer ${wrongKey}`]) {
    const metadata = new Metadata();
    metadata.set("authorization", presented);
    await ask(clients.jobs, clients.jobs.getJob, { id: job.id }, metadata).catch(() => undefined);
  }
  clients.close();
  // Redis changes its password under the service: connections that come back are refused, and say with what they tried.
  const admin = createProducerConnection(`redis://:${password}@127.0.0.1:${port}`, () => {});
  await waitForRedis(admin, 5000);
  await admin.config("SET", "requirepass", "another-password");
  await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await service.logged(({ level, err }) => level === "warn" && JSON.stringify(err ?? "").includes("WRONGPASS"));
  await admin.config("SET", "requirepass", password);
  admin.disconnect();
  await service.stop();

  const log = JSON.stringify(service.log);
  for (const secret of [key, wrongKey, password, env.AWS_SECRET_ACCESS_KEY]) expect(log).not.toContain(secret);
  for (const role of ["api", "trainer"]) expect(service.log.some((line) => line.role === role)).toBe(true);

  const requests = service.log.filter(({ msg }) => msg === "request");
  expect(requests.find(({ route, method }) => route === "/v1/jobs" && method === "POST")).toMatchObject({
    ...{ level: "info", surface: "rest", status: 202, tenant: "acme", key: "ci", job: job.id },
    ...{ requestId: expect.stringMatching(/^req_/), ms: expect.any(Number) },
  });
  expect(requests.find(({ route }) => route === "/v1/jobs/:id")).toMatchObject({ level: "debug", job: job.id });
  expect(requests.find(({ route, code }) => route === "getJob" && code === "OK")).toMatchObject({
    tenant: "acme",
    job: job.id,
  });
  expect(requests.filter(({ status }) => status === 401)).not.toEqual([]);
  expect(requests.some(({ route }) => route === "/readyz" || route === "/metrics")).toBe(false);
  const started = service.log.find(({ role, msg }) => role === "trainer" && msg === "job started");
  expect(started).toMatchObject({ tenant: "acme", job: job.id, attempt: 1 });
});

test("a start that fails says so in a line, and shows no password", async () => {
  const env = { REDIS_URL: "redis://someone:secret-of-redis@127.0.0.1:1", LOG_LEVEL: "trace", DATA_DIR: dataDir };
  const { code, errors, output } = await runMain(env, ["--role=trainer"]);
  expect(code).toBe(1);
  expect(errors).toContain("ECONNREFUSED");
  // One line that it waits, and one that it gave up; no stack in either.
  const lines = errors.trim().split("\n");
  expect([lines.length, lines.filter((line) => line.includes('"level":"warn"') || line.includes("    at "))]).toEqual([
    2,
    [],
  ]);
  expect(errors + output).not.toContain("secret-of-redis");
});
