import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addApiKey } from "../../src/main/keys/api-key-file.ts";
import type { Readiness } from "../../src/usecases/upkeep/readiness.ts";
import { redisPidOf } from "./redis-pid.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, mainScript, removeDataDir, type Service, startService } from "./service.ts";

/** heartbeats every third of it, and patience of one and a half. */
const env = { WORKERS: "0", LEASE_SECONDS: "2" };

let dataDir = "";
let service: Service;
let apiKey = "";
let trainer: ChildProcess | null = null;
beforeEach(async () => {
  dataDir = await createDataDir();
  const keys = join(dataDir, "keys.json");
  apiKey = await addApiKey(keys, { id: "all", tenant: "acme", scopes: ["read", "submit", "admin"] });
  service = await startService(dataDir, { ...env, API_KEYS_FILE: keys });
});
afterEach(async () => {
  trainer?.kill("SIGKILL");
  trainer = null;
  await service.stop();
  await removeDataDir(dataDir);
});

const startTrainer = (): ChildProcess =>
  spawn(process.execPath, [mainScript, "--role=trainer"], {
    stdio: "ignore",
    env: {
      ...{ ...process.env, ...env, DATA_DIR: dataDir, LOG_LEVEL: "silent" },
      REDIS_URL: `unix://${join(dataDir, "redis/redis.sock")}`,
    },
  });

test("says that jobs wait for trainers that are not there, stopped or silent; accepts jobs nevertheless; and recovers", async () => {
  const client = createRestClient(service.url, apiKey);
  const readiness = async () => (await client.call<Readiness>("/readyz")).body;
  expect(await readiness()).toMatchObject({ status: "ready", checks: { trainers: { ok: true, detail: null } } });
  const dataset = await client.upload("iris", await dataFile("iris"));
  const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } } as const;
  const first = await client.submit(spec);
  await expect.poll(readiness, { timeout: 20_000 }).toMatchObject({
    status: "degraded",
    checks: {
      ...{ redis: { ok: true }, artifactStore: { ok: true }, queue: { ok: true } },
      trainers: { ok: false, detail: expect.stringMatching(/^1 job waits, and no trainer has given a heartbeat/) },
    },
  });
  expect((await client.call("/readyz")).status).toBe(200);
  const second = await client.submit(spec);

  trainer = startTrainer();
  for (const { id } of [first, second]) expect((await client.untilDone(id)).state).toBe("succeeded");
  await expect.poll(readiness, { timeout: 20_000 }).toMatchObject({ status: "ready" });

  trainer.kill("SIGSTOP");
  const third = await client.submit(spec);
  await expect.poll(readiness, { timeout: 20_000 }).toMatchObject({ status: "degraded" });
  trainer.kill("SIGCONT");
  expect((await client.untilDone(third.id)).state).toBe("succeeded");
  await expect.poll(readiness, { timeout: 20_000 }).toMatchObject({ status: "ready" });
});

test("answers within a second, or little more, whatever hangs", async () => {
  const client = createRestClient(service.url, apiKey);
  const redisPid = await redisPidOf(dataDir);
  process.kill(redisPid, "SIGSTOP");
  try {
    for (let i = 0; i < 5; i++) {
      const startMs = performance.now();
      const { status, body } = await client.call<Readiness>("/readyz");
      expect(performance.now() - startMs).toBeLessThan(1300);
      expect(status).toBe(503);
      expect(body).toMatchObject({
        status: "not_ready",
        checks: { redis: { ok: false }, artifactStore: { ok: true } },
      });
    }
    // Redis is asked for the key's rate first: an operation does not wait for it once more.
    const startMs = performance.now();
    expect((await client.call("/v1/jobs")).status).toBe(503);
    expect(performance.now() - startMs).toBeLessThan(1300);
  } finally {
    process.kill(redisPid, "SIGCONT");
  }
  await expect.poll(async () => (await client.call("/readyz")).status, { timeout: 5000 }).toBe(200);
});
