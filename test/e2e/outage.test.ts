import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { type BareRedis, startBareRedis } from "../conformance/bare-redis.ts";
import { type Answered, openRpcCalls, restCalls } from "./every-call.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, startPart } from "./service.ts";

const OUTAGE_MS = 20_000;
/** What is promised, and what a machine adds that runs other tests beside. */
const [REFUSED_MS, HEALTHY_MS, SERVING_MS, WORKING_MS] = [1000, 250, 3000, 10_000];
const MARGIN_MS = 500;

const ways: { how: string; away: (redis: BareRedis) => unknown; back: (redis: BareRedis) => unknown }[] = [
  { how: "frozen", away: (redis) => redis.freeze(), back: (redis) => redis.thaw() },
  { how: "killed and not restarted", away: (redis) => redis.kill(), back: (redis) => redis.start() },
];

const longest = (answers: readonly { ms: number }[]): number => Math.max(...answers.map(({ ms }) => ms));

/** An API and a trainer of its own for each: most of the time there is nothing to compute. */
const open = async () => {
  const redis = await startBareRedis();
  const dataDir = await createDataDir();
  const env = { DATA_DIR: dataDir, REDIS_URL: redis.url, CHECKPOINT_SECONDS: "0.3" };
  const [api, trainer] = await Promise.all([startPart("api", env), startPart("trainer", env)]);
  const client = createRestClient(`http://127.0.0.1:${api.ready.rest}`);
  return {
    ...{ redis, client, api },
    timed: async (path: string): Promise<{ status: number; ms: number }> => {
      const startMs = performance.now();
      const { status } = await client.call(path);
      return { status, ms: performance.now() - startMs };
    },
    close: async (): Promise<void> => {
      redis.thaw();
      await Promise.all([api.stop(), trainer.stop()]);
      await redis.stop();
      await removeDataDir(dataDir);
    },
  };
};

type Opened = Awaited<ReturnType<typeof open>>;

/** Asks everything again and again while Redis is away. */
const askMeanwhile = async ({ client, api, timed }: Opened, spec: JobSpecInput) => {
  // Of nobody: a frozen Redis still does, once it thaws, what it was asked and did not answer.
  const [ds, jobs, models] = ["ds", "job", "mdl"].map((prefix) => `${prefix}_01ARZ3NDEKTSV4RRFFQ69G5FAV`);
  const ids = { datasets: ds!, jobs: jobs!, models: models! };
  const rest = restCalls(client.url, ids, spec);
  const rpc = openRpcCalls(`127.0.0.1:${api.ready.grpc}`, ids);
  expect(rest.length).toBeGreaterThan(15);
  const [startMs, healthy, refused] = [performance.now(), [] as { ms: number }[], [] as Answered[]];
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
  for (const { call, status } of refused) {
    expect([call, status]).toEqual([call, typeof status === "number" ? 503 : "UNAVAILABLE"]);
  }
  expect((await timed("/readyz")).status).toBe(503);
  rpc.close();
  return { refused: longest(refused), healthy: longest(healthy) };
};

describe.concurrent("twenty seconds without Redis", () => {
  test.each(ways)(
    "$how: every call is refused within a second, health answers, and all goes on by itself after",
    async (way) => {
      const opened = await open();
      try {
        const { redis, client, timed } = opened;
        const { id: dataset } = await client.upload("digits", await dataFile("digits"));
        const spec: JobSpecInput = {
          ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
          training: { epochs: 60, earlyStopping: false },
        };
        const digestOf = async ({ state, model }: Job): Promise<string> => {
          expect(state).toBe("succeeded");
          return (await client.model(model ?? "")).digest;
        };
        const untouched = await digestOf(await client.untilDone((await client.submit(spec)).id));
        const job = await client.submit(spec);
        await client.untilEvent(job.id, ({ type }) => type === "checkpoint");

        await way.away(redis);
        const meanwhile = await askMeanwhile(opened, spec);
        await way.back(redis);
        const returnedMs = performance.now();
        // One that asks, and one that follows changes.
        for (const path of [`/v1/jobs/${job.id}`, `/v1/jobs/${job.id}?wait=0.01`]) {
          while ((await timed(path)).status !== 200) await delay(20);
        }
        const servingMs = performance.now() - returnedMs;
        await client.until(job.id, ({ state, done, attempt }) => done || (state === "running" && attempt > 1));
        const figures = { ...meanwhile, servingMs, workingMs: performance.now() - returnedMs };
        const whole = (_: string, value: unknown) => (typeof value === "number" ? Math.round(value) : value);
        console.info(way.how, JSON.stringify(figures, whole));
        expect(figures.refused).toBeLessThan(REFUSED_MS + MARGIN_MS);
        expect(figures.healthy).toBeLessThan(HEALTHY_MS + MARGIN_MS);
        expect(figures.servingMs).toBeLessThan(SERVING_MS + MARGIN_MS);
        expect(figures.workingMs).toBeLessThan(WORKING_MS + MARGIN_MS);
        expect(await digestOf(await client.untilDone(job.id))).toBe(untouched);
      } finally {
        await opened.close();
      }
    },
  );
});
