import { Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, connectClients, refusalOf, uploadFile } from "../grpc/clients.ts";
import { iris, startTestService, type TestService } from "../usecases/service.ts";

let service: TestService;
beforeEach(async () => {
  service = await startTestService();
});
afterEach(() => service.close());

const timed = async <T>(work: Promise<T>): Promise<[T, number]> => {
  const started = performance.now();
  return [await work, performance.now() - started];
};
const readiness = async () => (await fetch(`${service.url}/readyz`)).json();

describe("while Redis hangs", () => {
  it("answers 503 within a second or little more, says so in /readyz and in health, and goes on when it is back", async () => {
    const clients = connectClients(service.grpcAddress);
    const dataset = await uploadFile(clients, iris);
    const pid = service.redis.pid();
    if (pid === null) throw new Error("Redis does not run");
    process.kill(pid, "SIGSTOP");
    try {
      const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
      const json = { method: "POST", body: JSON.stringify(spec), headers: { "content-type": "application/json" } };
      const requests = [
        fetch(`${service.url}/v1/jobs`, json),
        fetch(`${service.url}/v1/jobs`),
        fetch(`${service.url}/v1/datasets`, { method: "POST", body: iris, headers: { "content-type": "text/csv" } }),
        fetch(`${service.url}/v1/jobs/job_01ARZ3NDEKTSV4RRFFQ69G5FAV?wait=30`),
        fetch(`${service.url}/v1/jobs/job_01ARZ3NDEKTSV4RRFFQ69G5FAV/events`),
      ];
      for (const [response, ms] of await Promise.all(requests.map(timed))) {
        expect(response.status).toBe(503);
        expect(response.headers.get("retry-after")).toMatch(/^[1-9]$/);
        expect(ms).toBeLessThan(1300);
      }
      const [{ status }, ms] = await timed(
        refusalOf(ask(clients.jobs, clients.jobs.listJobs, { state: 0 }, new Metadata())),
      );
      expect(status).toBe("UNAVAILABLE");
      expect(ms).toBeLessThan(1300);
      const [ready, readyMs] = await timed(readiness());
      expect(ready).toMatchObject({
        status: "not_ready",
        checks: { redis: { ok: false }, artifactStore: { ok: true } },
      });
      expect(readyMs).toBeLessThan(1300);
      const [alive, aliveMs] = await timed(fetch(`${service.url}/healthz`));
      expect([alive.status, aliveMs < 250]).toEqual([200, true]);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await expect.poll(async () => (await fetch(`${service.url}/v1/jobs`)).status, { timeout: 3000 }).toBe(200);
    await expect.poll(readiness, { timeout: 3000 }).toMatchObject({ status: "ready" });
    clients.close();
  });
});

describe("a mistake of ours", () => {
  it("is 500 with the request's id, and tells nothing else", async () => {
    service.deps.jobs.list = async () => {
      throw new Error("secret of the house");
    };
    const response = await fetch(`${service.url}/v1/jobs`);
    const text = await response.text();
    expect([response.status, JSON.parse(text).code]).toEqual([500, "internal"]);
    expect(text).toContain(response.headers.get("x-request-id"));
    expect(text).not.toContain("secret");
    const clients = connectClients(service.grpcAddress);
    const { status, problem } = await refusalOf(ask(clients.jobs, clients.jobs.listJobs, { state: 0 }));
    expect([status, problem.detail.includes("secret")]).toEqual(["INTERNAL", false]);
    clients.close();
  });
});
