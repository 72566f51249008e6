import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { type FragileRedis, startFragileRedis } from "../conformance/redis-server.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, type Part, removeDataDir, startPart } from "./service.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** What is promised, and what a machine adds that runs other tests beside. */
const [REFUSED_MS, SERVING_MS, WORKING_MS, MARGIN_MS] = [1000, 3000, 10_000, 500];

describe("the network between the service and Redis", () => {
  let redis: FragileRedis;
  let dataDir: string;
  let [apiProxy, trainerProxy]: TcpProxy[] = [];
  let api: Part;
  let client: RestClient;
  let spec: JobSpecInput;
  let untouched: string;
  const trainers: Part[] = [];

  const startTrainer = async (url: string): Promise<Part> => {
    const trainer = await startPart("trainer", { ...settings(), REDIS_URL: url });
    trainers.push(trainer);
    return trainer;
  };
  const settings = () => ({ DATA_DIR: dataDir, LEASE_SECONDS: "3", CHECKPOINT_SECONDS: "0.2" });
  beforeAll(async () => {
    redis = await startFragileRedis();
    dataDir = await createDataDir();
    [apiProxy, trainerProxy] = [await startTcpProxy(redis.url), await startTcpProxy(redis.url)];
    api = await startPart("api", { ...settings(), REDIS_URL: apiProxy.url });
    client = createRestClient(`http://127.0.0.1:${api.ready.rest}`);
    await startTrainer(trainerProxy.url);
    const { id: dataset } = await client.upload("digits", await dataFile("digits"));
    spec = {
      ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
      training: { epochs: 60, earlyStopping: false },
    };
    untouched = await digestOf(await client.untilDone((await client.submit(spec)).id));
  });
  afterEach(() => {
    for (const proxy of [apiProxy, trainerProxy]) proxy?.pass();
  });
  afterAll(async () => {
    await Promise.all([api, ...trainers].map((part) => part?.stop()));
    for (const proxy of [apiProxy, trainerProxy]) proxy?.close();
    await redis?.stop();
    await removeDataDir(dataDir);
  });

  const digestOf = async (job: Job): Promise<string> => {
    expect(job.state).toBe("succeeded");
    return (await client.model(job.model ?? "")).digest;
  };
  const underWay = async (): Promise<string> => {
    const { id } = await client.submit(spec);
    await client.untilEvent(id, ({ type }) => type === "checkpoint");
    return id;
  };
  const timed = async (path: string): Promise<{ status: number; ms: number }> => {
    const startMs = performance.now();
    const { status } = await client.call(path);
    return { status, ms: performance.now() - startMs };
  };
  const servingMs = async (): Promise<number> => {
    const startMs = performance.now();
    while ((await timed("/v1/jobs?pageSize=1")).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
    return performance.now() - startMs;
  };

  test.each(["cut", "hang"] as const)(
    "%s: refused within a second, served soon after, and the job comes to the same end",
    async (how) => {
      const id = await underWay();
      for (const proxy of [apiProxy!, trainerProxy!]) proxy[how]();
      const refused = await Promise.all(
        ["/v1/jobs", `/v1/jobs/${id}`, "/v1/datasets", `/v1/jobs/${id}/events`, `/v1/jobs/${id}?wait=30`].map(timed),
      );
      for (const { status, ms } of refused) {
        expect(status).toBe(503);
        expect(ms).toBeLessThan(REFUSED_MS + MARGIN_MS);
      }
      // Longer than the lease.
      for (const endMs = performance.now() + 4000; performance.now() < endMs; )
        expect((await timed(`/v1/jobs/${id}`)).status).toBe(503);
      for (const proxy of [apiProxy!, trainerProxy!]) proxy.pass();
      expect(await servingMs()).toBeLessThan(SERVING_MS + MARGIN_MS);
      expect(await digestOf(await client.untilDone(id))).toBe(untouched);
    },
  );

  test("slow: everything works, only later", async () => {
    for (const proxy of [apiProxy!, trainerProxy!]) proxy.slow(40);
    const { id } = await client.submit(spec);
    const done = await client.untilDone(id);
    expect(done.attempt).toBe(1);
    expect(await digestOf(done)).toBe(untouched);
  });

  test("forgotten by a firewall: connections that wait for ever are found out and replaced", async () => {
    for (const proxy of [apiProxy!, trainerProxy!]) proxy.forget();
    const startMs = performance.now();
    while ((await timed("/v1/jobs?pageSize=1")).status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
    const { id } = await client.submit(spec);
    await client.untilState(id, "running");
    expect(performance.now() - startMs).toBeLessThan(WORKING_MS + MARGIN_MS);
    expect(await digestOf(await client.untilDone(id))).toBe(untouched);
  });

  test("hanging for one trainer alone: another takes its job over, and the first writes nothing when it is back", async () => {
    const id = await underWay();
    const [first] = trainers;
    const second = await startTrainer(redis.url);
    trainerProxy!.hang();
    const done = await client.untilDone(id);
    expect(await digestOf(done)).toBe(untouched);
    expect(done.history.at(-2)?.reason).toContain(`:${second.pid}`);
    trainerProxy!.pass();
    await first!.logged(({ job, msg }) => job === id && msg.includes("another attempt"));
    expect(await client.job(id)).toEqual(done);
    expect(first!.log.some(({ job, msg }) => job === id && msg === "job succeeded")).toBe(false);
  });
});
