import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { Page } from "../../src/domain/page.ts";
import { startBareRedis } from "../conformance/bare-redis.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, startPart } from "./service.ts";

const KILLS = 30;
const CLIENTS = 8;
const BETWEEN = 10;

test(`an acknowledged job is never lost: Redis killed ${KILLS} times under load`, { timeout: 240_000 }, async () => {
  const redis = await startBareRedis();
  const dataDir = await createDataDir();
  const api = await startPart("api", { DATA_DIR: dataDir, REDIS_URL: redis.url });
  try {
    const client = createRestClient(`http://127.0.0.1:${api.ready.rest}`);
    const { id: dataset } = await client.upload("iris", await dataFile("iris"));
    const body = JSON.stringify({ dataset, task: { type: "classification", label: "species" } });
    const acknowledged = new Map<string, string>();
    const others = new Set<number>();
    let submitting = true;
    const submit = async (): Promise<void> => {
      for (let key = crypto.randomUUID(); submitting; ) {
        const headers = { "content-type": "application/json", "idempotency-key": key };
        const { status, body: job } = await client.call<Job>("/v1/jobs", { method: "POST", headers, body });
        if (status !== 202) {
          others.add(status);
          await delay(5);
          continue;
        }
        acknowledged.set(key, job.id);
        key = crypto.randomUUID();
      }
    };
    const clients = Array.from({ length: CLIENTS }, submit);
    for (let kill = 0; kill < KILLS; kill++) {
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size, { timeout: 30_000, interval: 5 }).toBeGreaterThan(before + BETWEEN);
      await redis.kill();
      await redis.start();
    }
    submitting = false;
    await Promise.all(clients);
    expect([...others]).toEqual([503]);

    const kept = new Set<string>();
    for (let token = ""; ; ) {
      const { status, body: page } = await client.call<Page<Job>>(`/v1/jobs?pageSize=100${token}`);
      if (status === 503) continue;
      expect(status).toBe(200);
      for (const { id } of page.items) kept.add(id);
      if (page.nextPageToken === null) break;
      token = `&pageToken=${page.nextPageToken}`;
    }
    const lost = [...acknowledged.values()].filter((id) => !kept.has(id));
    console.info(`${KILLS} kills, ${acknowledged.size} acknowledged, ${lost.length} lost, ${kept.size} recorded`);
    expect(lost).toEqual([]);
    // A key that was repeated made no second job; at most what each client asked last is recorded and was not acknowledged.
    expect(new Set(acknowledged.values()).size).toBe(acknowledged.size);
    expect(kept.size - acknowledged.size).toBeLessThanOrEqual(CLIENTS);
  } finally {
    await api.stop();
    await redis.stop();
    await removeDataDir(dataDir);
  }
});
