import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Job } from "../../src/domain/job.ts";
import type { JobSpecInput } from "../../src/domain/job-spec.ts";
import { type BareRedis, startBareRedis } from "../conformance/bare-redis.ts";
import { type Answered, openRpcCalls, restCalls } from "./every-call.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, type Part, removeDataDir, startPart } from "./service.ts";

const OUTAGE_MS = 20_000;
/** What is promised, and what a machine adds that runs other tests beside. */
const [REFUSED_MS, HEALTHY_MS, SERVING_MS, WORKING_MS] = [1000, 250, 3000, 10_000];
const MARGIN_MS = 500;

describe("twenty seconds without Redis", () => {
  let redis: BareRedis;
  let dataDir: string;
  let [api, trainer]: Part[] = [];
  let client: RestClient;
  let spec: JobSpecInput;
  let untouched: Job;
  beforeAll(async () => {
    redis = await startBareRedis();
    dataDir = await createDataDir();
    const env = { DATA_DIR: dataDir, REDIS_URL: redis.url, CHECKPOINT_SECONDS: "0.3" };
    [api, trainer] = [await startPart("api", env), await startPart("trainer", env)];
    client = createRestClient(`http://127.0.0.1:${api.ready.rest}`);
    const { id: dataset } = await client.upload("digits", await dataFile("digits"));
    spec = {
      ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
      training: { epochs: 60, earlyStopping: false },
    };
    untouched = await client.untilDone((await client.submit(spec)).id);
  });
  afterAll(async () => {
    redis?.thaw();
    await Promise.all([api?.stop(), trainer?.stop()]);
    await redis?.stop();
    await removeDataDir(dataDir);
  });

  const timed = async (path: string): Promise<{ status: number; ms: number }> => {
    const startMs = performance.now();
    const { status } = await client.call(path);
    return { status, ms: performance.now() - startMs };
  };
  const longest = (answers: readonly { ms: number }[]): number => Math.max(...answers.map(({ ms }) => ms));
  const ways = [
    { how: "frozen", away: () => redis.freeze(), back: () => redis.thaw() },
    { how: "killed and not restarted", away: () => redis.kill(), back: () => redis.start() },
  ];

  test.each(ways)(
    "$how: every call is refused within a second, health answers, and all goes on by itself after",
    async (way) => {
      const job = await client.submit(spec);
      await client.untilEvent(job.id, ({ type }) => type === "checkpoint");
      // Of nobody: a frozen Redis still does, once it thaws, what it was asked and did not answer.
      const [ds, jobs, models] = ["ds", "job", "mdl"].map((prefix) => `${prefix}_01ARZ3NDEKTSV4RRFFQ69G5FAV`);
      const ids = { datasets: ds!, jobs: jobs!, models: models! };
      const rest = restCalls(client.url, ids, spec);
      const rpc = openRpcCalls(`127.0.0.1:${api!.ready.grpc}`, ids);
      expect(rest.length).toBeGreaterThan(15);

      await way.away();
      const [startMs, healthy] = [performance.now(), [] as { ms: number }[]];
      const refused: Answered[] = [];
      while (performance.now() - startMs < OUTAGE_MS) {
        const health = await timed("/healthz");
        expect(health.status).toBe(200);
        healthy.push(health);
        // A few at a time: how fast the machine is that asks is not what is asked.
        for (const calls of [rest.slice(0, 8), rest.slice(8, 16), rest.slice(16), rpc.calls]) {
          refused.push(...(await Promise.all(calls.map((call) => call()))));
        }
        await delay(500);
      }
      for (const { call, status } of refused)
        expect([call, status]).toEqual([call, typeof status === "number" ? 503 : "UNAVAILABLE"]);
      expect((await timed("/readyz")).status).toBe(503);

      await way.back();
      const returnedMs = performance.now();
      while ((await timed(`/v1/jobs/${job.id}`)).status !== 200) await delay(20);
      const servingMs = performance.now() - returnedMs;
      const at = await client.until(job.id, ({ state, done, attempt }) => done || (state === "running" && attempt > 1));
      const workingMs = performance.now() - returnedMs;
      const figures = { refused: longest(refused), healthy: longest(healthy), servingMs, workingMs };
      console.info(
        way.how,
        JSON.stringify(figures, (_, value) => (typeof value === "number" ? Math.round(value) : value)),
        at.state,
      );
      expect(figures.refused).toBeLessThan(REFUSED_MS + MARGIN_MS);
      expect(figures.healthy).toBeLessThan(HEALTHY_MS + MARGIN_MS);
      expect(figures.servingMs).toBeLessThan(SERVING_MS + MARGIN_MS);
      expect(figures.workingMs).toBeLessThan(WORKING_MS + MARGIN_MS);
      const done = await client.untilDone(job.id);
      expect(done.state).toBe("succeeded");
      expect((await client.model(done.model ?? "")).digest).toBe((await client.model(untouched.model ?? "")).digest);
      rpc.close();
    },
  );
});
