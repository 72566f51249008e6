import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import { addApiKey } from "../../src/main/keys/api-key-file.ts";
import { ask, connectClients } from "../grpc/clients.ts";
import { parseMetrics, type Sample, sumOf } from "./metrics-text.ts";
import { redisPidOf } from "./redis-pid.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

/** Prometheus' own judge of the format, where it is installed. */
const promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].find((path) => existsSync(path));

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

const fetchText = async (url: string, init: RequestInit = {}): Promise<string> => {
  const response = await fetch(url, init);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return response.text();
};

/** Trainers tell every few seconds; asks until what they told fits. */
const until = async (read: () => Promise<Sample[]>, fits: (samples: Sample[]) => boolean): Promise<Sample[]> => {
  for (;;) {
    const samples = await read();
    if (fits(samples)) return samples;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const digits = (dataset: string) => ({
  ...{ dataset, task: { type: "classification", label: "digit" } as const },
  model: { type: "mlp" as const, hidden: [256, 128] },
  training: { epochs: 20, earlyStopping: false as const },
});

describe("metrics of the whole service, at the API", () => {
  test("count what was done: jobs, steps, checkpoints, requests; by names that never grow", async () => {
    service = await startService(dataDir, { WORKERS: "2", CHECKPOINT_SECONDS: "0.2" });
    const { url, grpc } = service;
    const client = createRestClient(url);
    const read = async () => parseMetrics(await fetchText(`${url}/metrics`));
    await until(read, (samples) => sumOf(samples, "descent_trainers") === 2);

    const dataset = await client.upload("digits", await dataFile("digits"));
    const jobs: Job[] = [];
    for (let i = 0; i < 3; i++) jobs.push(await client.submit(digits(dataset.id)));
    const done = await Promise.all(jobs.map(({ id }) => client.untilDone(id)));
    const steps = done.reduce((sum, { plan }) => sum + plan.steps, 0);
    const checkpoints = await Promise.all(
      jobs.map(async ({ id }) => {
        const { body } = await client.call<{ items: { type: string }[] }>(`/v1/jobs/${id}/events?limit=1000`, {
          headers: { accept: "application/json" },
        });
        return body.items.filter(({ type }) => type === "checkpoint").length;
      }),
    );
    const clients = connectClients(grpc);
    for (let i = 0; i < 4; i++) await ask(clients.jobs, clients.jobs.getJob, { id: jobs[0]?.id ?? "" });
    await expect(ask(clients.jobs, clients.jobs.getJob, { id: "nobody's" })).rejects.toThrow();
    clients.close();
    for (const path of ["/nothing-1", "/nothing-2", "/v1/jobs/nothing-3", `/v1/models/${done[0]?.model}`])
      await client.call(path);

    const ended = { outcome: "succeeded" };
    const samples = await until(read, (seen) => sumOf(seen, "descent_job_attempts_total", ended) === 3);
    const sum = (name: string, labels: Record<string, string> = {}) => sumOf(samples, name, labels);
    expect(sum("descent_training_steps_total")).toBe(steps);
    expect(sum("descent_job_wait_seconds_count")).toBe(3);
    expect(sum("descent_checkpoint_duration_seconds_count")).toBe(checkpoints.reduce((a, b) => a + b));
    expect(sum("descent_checkpoint_bytes_total")).toBeGreaterThan(0);
    expect(sum("descent_running_jobs")).toBe(0);
    for (const state of ["waiting", "delayed", "active"]) expect(sum("descent_queue_jobs", { state })).toBe(0);
    // On a busy machine Redis may be late once or twice; the series are there from the start.
    expect(sum("descent_redis_errors_total")).toBeLessThan(20);
    expect(sum("descent_store_errors_total")).toBe(0);
    expect(
      sum("descent_store_operation_duration_seconds_count", { role: "trainer", operation: "write" }),
    ).toBeGreaterThanOrEqual(3);

    const http = "descent_http_request_duration_seconds_count";
    expect(sum(http, { method: "POST", route: "/v1/jobs", status: "202" })).toBe(3);
    expect(sum(http, { route: "none", method: "any", status: "404" })).toBe(2);
    expect(sum(http, { method: "GET", route: "/v1/jobs/:id", status: "404" })).toBe(1);
    expect(sum(http, { method: "GET", route: "/v1/models/:id", status: "200" })).toBe(1);
    expect(sum("descent_grpc_request_duration_seconds_count", { method: "getJob", code: "OK" })).toBe(4);
    expect(sum("descent_grpc_request_duration_seconds_count", { method: "getJob", code: "NOT_FOUND" })).toBe(1);

    for (const role of ["api", "trainer"]) {
      expect(sum("process_resident_memory_bytes", { role })).toBeGreaterThan(1e7);
      expect(sum("nodejs_eventloop_lag_p99_seconds", { role })).toBeGreaterThan(0);
    }
    const trainers = samples
      .filter(({ name }) => name === "descent_trainer_threads")
      .map(({ labels }) => labels.trainer);
    expect(new Set(trainers).size).toBe(2);
    const names = new Set(samples.map(({ name }) => name));
    const page = await readFile(join(import.meta.dirname, "../../src/web/docs/observing.md"), "utf8");
    const dashboard = await readFile(join(import.meta.dirname, "../../docker/grafana-dashboard.json"), "utf8");
    const drawn = new Set(dashboard.match(/\b(descent|process|nodejs)_\w+/g));
    expect(drawn.size).toBeGreaterThan(12);
    expect([...drawn].filter((name) => !names.has(name))).toEqual([]);
    const documented = [...page.matchAll(/`(descent_\w+)/g)].map(([, name = ""]) => name);
    const families = [...names]
      .filter((name) => name.startsWith("descent_"))
      .map((name) => name.replace(/_(bucket|sum|count)$/, ""));
    const shared = /^descent_trainer_(threads_used|memory_bytes|memory_used_bytes)$/;
    expect([...new Set(families)].filter((name) => !shared.test(name)).sort()).toEqual([...new Set(documented)].sort());
    if (promtool !== undefined) {
      const input = await fetchText(`${url}/metrics`);
      const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input, encoding: "utf8" });
      expect(`${stdout}${stderr}`).toBe("");
      expect(status).toBe(0);
    }
    const text = JSON.stringify(samples);
    expect(text).not.toMatch(/(job|ds|mdl)_[0-9A-Z]{26}|nothing-\d|acme/);
  });

  test("show the queue's depth, what runs, and the errors of a Redis that is away", async () => {
    service = await startService(dataDir, { TRAINER_THREADS: "1", LEASE_SECONDS: "15" });
    const { url } = service;
    const client = createRestClient(url);
    const read = async () => parseMetrics(await fetchText(`${url}/metrics`));
    const dataset = await client.upload("digits", await dataFile("digits"));
    const long = { ...digits(dataset.id), training: { epochs: 100_000, earlyStopping: false as const } };
    const jobs: Job[] = [];
    for (const priority of [0, 5, 9]) jobs.push(await client.submit({ ...long, resources: { priority } }));
    const working = await until(read, (samples) => (sumOf(samples, "descent_training_steps_total") ?? 0) > 0);
    expect(sumOf(working, "descent_queue_jobs", { state: "waiting" })).toBe(2);
    expect(sumOf(working, "descent_queue_jobs", { state: "active" })).toBe(1);
    expect(sumOf(working, "descent_running_jobs")).toBe(1);
    expect(sumOf(working, "descent_trainer_threads_used")).toBe(1);

    const redisPid = await redisPidOf(dataDir);
    process.kill(redisPid, "SIGSTOP");
    try {
      expect((await client.call("/v1/jobs")).status).toBe(503);
      const started = performance.now();
      const away = await read();
      expect(performance.now() - started).toBeLessThan(1500);
      expect(sumOf(away, "descent_redis_errors_total", { role: "api", part: "jobs" })).toBeGreaterThan(0);
      expect(sumOf(away, "descent_queue_jobs")).toBeNull();
    } finally {
      process.kill(redisPid, "SIGCONT");
    }
    for (const { id } of jobs)
      await expect.poll(async () => (await client.act(id, "cancel")).status, { timeout: 10_000 }).toBe(200);
    const after = { outcome: "cancelled" };
    const idle = await until(read, (samples) => sumOf(samples, "descent_job_attempts_total", after) === 1);
    expect(sumOf(idle, "descent_running_jobs")).toBe(0);
    expect(sumOf(idle, "descent_queue_jobs", { state: "waiting" })).toBe(0);
  });

  test("are for keys with the scope admin, where there are keys", async () => {
    const file = join(dataDir, "keys.json");
    const reader = await addApiKey(file, { id: "reader", tenant: "acme", scopes: ["read", "submit"] });
    const prometheus = await addApiKey(file, { id: "prometheus", tenant: "operations", scopes: ["admin"] });
    service = await startService(dataDir, { API_KEYS_FILE: file, WORKERS: "0" });
    const metrics = `${service.url}/metrics`;
    const bearer = (key: string): RequestInit => ({ headers: { authorization: `Bearer ${key}` } });
    expect((await fetch(metrics)).status).toBe(401);
    expect((await fetch(metrics, bearer(reader))).status).toBe(403);
    expect(parseMetrics(await fetchText(metrics, bearer(prometheus))).length).toBeGreaterThan(50);

    const queues = `${service.url}/queues/`;
    const refused = await fetch(queues);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toMatch(/^Basic /);
    for (const path of ["", "static/images/logo.svg", "api/queues", "base.js"]) {
      expect((await fetch(queues + path)).status, path).toBe(401);
      expect((await fetch(queues + path, bearer(reader))).status, path).toBe(403);
      expect((await fetch(queues + path, bearer(prometheus))).status, path).toBe(200);
    }
    for (const path of ["static/..%2findex.ejs", "static/none.js", "api/none"])
      expect((await fetch(queues + path, bearer(prometheus))).status, path).toBe(404);
    const client = createRestClient(service.url, reader);
    const dataset = await client.upload("digits", await dataFile("digits"));
    const { id } = await client.submit(digits(dataset.id));
    // A browser sends a key as a password. Whose an entry is, is told to who looks after all tenants.
    const operator = await addApiKey(file, { id: "root", tenant: "operations", scopes: ["admin", "operator"] });
    const basic = (key: string): RequestInit => ({
      headers: { authorization: `Basic ${Buffer.from(`me:${key}`).toString("base64")}` },
    });
    const entry = async (key: string) => {
      const response = await fetch(`${queues}api/queues/training/${id}`, basic(key));
      return { status: response.status, body: await response.json() };
    };
    expect(await entry(prometheus)).toMatchObject({ status: 200, body: { job: { id, data: {} } } });
    await expect
      .poll(() => entry(operator))
      .toMatchObject({ status: 200, body: { job: { id, data: { tenant: "acme", job: id } } } });
    for (const method of ["PUT", "POST", "PATCH"])
      expect((await fetch(`${queues}api/queues/training/pause`, { ...bearer(operator), method })).status, method).toBe(
        404,
      );
  });
});

const freePorts = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

test("a trainer with a port of its own serves its numbers there, and only there", async () => {
  const port = await freePorts();
  service = await startService(dataDir, { WORKERS: "2", TRAINER_METRICS_PORT: String(port), LEASE_SECONDS: "2" });
  const api = async () => parseMetrics(await fetchText(`${service?.url}/metrics`));
  const shown = await until(api, (samples) => sumOf(samples, "descent_trainers") === 2);
  expect(sumOf(shown, "descent_training_steps_total")).toBeNull();
  for (const own of [port, port + 1]) {
    const samples = parseMetrics(await fetchText(`http://127.0.0.1:${own}/metrics`));
    expect(sumOf(samples, "descent_training_steps_total", { role: "trainer" })).toBe(0);
    expect(new Set(samples.map(({ labels }) => labels.trainer)).size).toBe(1);
    expect((await fetch(`http://127.0.0.1:${own}/else`)).status).toBe(404);
  }
});

test("gRPC calls are told by an id in their trailers, which the log knows", async () => {
  service = await startService(dataDir, { LOG_LEVEL: "debug" });
  const clients = connectClients(service.grpc);
  const { metadata } = await ask(
    clients.jobs,
    clients.jobs.getJob,
    { id: "job_01ARZ3NDEKTSV4RRFFQ69G5FAV" },
    new Metadata(),
  ).then(
    () => ({ metadata: new Metadata() }),
    (error: { metadata: Metadata }) => error,
  );
  clients.close();
  const requestId = metadata.get("x-request-id")[0];
  expect(requestId).toMatch(/^req_/);
  const line = await service.logged((each) => each.msg === "request" && each.requestId === requestId);
  expect(line).toMatchObject({
    ...{ level: "info", surface: "grpc", route: "getJob", code: "NOT_FOUND", tenant: "default" },
    job: "job_01ARZ3NDEKTSV4RRFFQ69G5FAV",
  });
});
