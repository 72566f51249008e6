import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../src/domain/job-spec.ts";
import { redisPidOf } from "./redis-pid.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const OUTAGE_MS = 20_000;
/** What is promised, and what a machine adds that runs other tests beside. */
const [REFUSED_MS, HEALTHY_MS, SERVING_MS, WORKING_MS] = [1000, 250, 3000, 10_000];
const MARGIN_MS = 500;

describe("twenty seconds without Redis", () => {
  let service: Service;
  let dataDir: string;
  let client: RestClient;
  let redisPid = 0;
  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir, { CHECKPOINT_SECONDS: "0.3" });
    client = createRestClient(service.url);
    redisPid = await redisPidOf(dataDir);
  });
  afterAll(async () => {
    process.kill(redisPid, "SIGCONT");
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const timed = async (path: string, init: RequestInit = {}): Promise<{ status: number; ms: number }> => {
    const startMs = performance.now();
    const { status } = await client.call(path, init);
    return { status, ms: performance.now() - startMs };
  };

  test("requests are refused within a second, health answers at once, and everything goes on by itself after", async () => {
    const { id: dataset } = await client.upload("digits", await dataFile("digits"));
    const spec: JobSpecInput = {
      ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
      training: { epochs: 60, earlyStopping: false },
    };
    const untouched = await client.untilDone((await client.submit(spec)).id);
    const job = await client.submit(spec);
    await client.untilEvent(job.id, ({ type }) => type === "checkpoint");
    const submission = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(spec) };

    process.kill(redisPid, "SIGSTOP");
    const [startMs, refused, healthy] = [performance.now(), [] as number[], [] as number[]];
    while (performance.now() - startMs < OUTAGE_MS) {
      const answers = [timed(`/v1/jobs/${job.id}`), timed("/v1/jobs", submission), timed("/v1/jobs?pageSize=1")];
      const health = await timed("/healthz");
      expect(health.status).toBe(200);
      healthy.push(health.ms);
      for (const { status, ms } of await Promise.all(answers)) {
        expect(status).toBe(503);
        refused.push(ms);
      }
      await delay(250);
    }
    expect((await timed("/readyz")).status).toBe(503);
    process.kill(redisPid, "SIGCONT");

    const returnedMs = performance.now();
    while ((await timed(`/v1/jobs/${job.id}`)).status !== 200) await delay(20);
    const servingMs = performance.now() - returnedMs;
    await client.until(job.id, ({ state, done, attempt }) => done || (state === "running" && attempt > 1));
    const workingMs = performance.now() - returnedMs;
    const figures = { refused: Math.max(...refused), healthy: Math.max(...healthy), servingMs, workingMs };
    console.info(JSON.stringify(figures, (_, value) => (typeof value === "number" ? Math.round(value) : value)));
    expect(figures.refused).toBeLessThan(REFUSED_MS + MARGIN_MS);
    expect(figures.healthy).toBeLessThan(HEALTHY_MS + MARGIN_MS);
    expect(figures.servingMs).toBeLessThan(SERVING_MS + MARGIN_MS);
    expect(figures.workingMs).toBeLessThan(WORKING_MS + MARGIN_MS);
    const done = await client.untilDone(job.id);
    expect(done.state).toBe("succeeded");
    expect((await client.model(done.model ?? "")).digest).toBe((await client.model(untouched.model ?? "")).digest);
  });
});
