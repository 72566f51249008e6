import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { Job, Plan } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { type FragileRedis, startFragileRedis } from "../conformance/redis-server.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, type Part, removeDataDir, startPart } from "./service.ts";

const holdersOf = ({ history }: Job): number[] =>
  history.flatMap(({ reason }) => Number(/^taken up by \S*:(\d+)/.exec(reason)?.[1] ?? "") || []);

describe("several trainers on one Redis", () => {
  let redis: FragileRedis;
  let dataDir: string;
  let api: Part;
  let client: RestClient;
  let dataset: string;
  let trainers: Part[] = [];
  beforeAll(async () => {
    redis = await startFragileRedis();
    dataDir = await createDataDir();
    api = await startPart("api", { DATA_DIR: dataDir, REDIS_URL: redis.url, LEASE_SECONDS: "3" });
    client = createRestClient(`http://127.0.0.1:${api.ready.rest}`);
    dataset = (await client.upload("digits", await dataFile("digits"))).id;
  });
  afterEach(async () => {
    await Promise.all(trainers.map((trainer) => trainer.stop()));
    trainers = [];
  });
  afterAll(async () => {
    await api?.stop();
    await redis?.stop();
    await removeDataDir(dataDir);
  });

  const startTrainers = async (count: number, env: Record<string, string> = {}): Promise<Part[]> => {
    const settings = { DATA_DIR: dataDir, REDIS_URL: redis.url, LEASE_SECONDS: "3", CHECKPOINT_SECONDS: "0.2" };
    const start = () => startPart("trainer", { ...settings, TRAINER_THREADS: "2", ...env });
    trainers = await Promise.all(Array.from({ length: count }, start));
    return trainers;
  };
  const specOf = (seed: number, threads = 2): JobSpecInput => ({
    ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
    ...{ training: { epochs: 40, earlyStopping: false, seed }, resources: { threads } },
  });
  const digestOf = async (job: Job): Promise<string> => {
    expect(job.state).toBe("succeeded");
    return (await client.model(job.model ?? "")).digest;
  };

  test("one told to stop, one killed: every job is finished by those that are left, with the weights of an undisturbed run", async () => {
    const [first, second, third] = (await startTrainers(3)) as [Part, Part, Part];
    const seeds = [1, 2, 3];
    const references: string[] = [];
    for (const seed of seeds)
      references.push(await digestOf(await client.untilDone((await client.submit(specOf(seed))).id)));

    const jobs = await Promise.all(Array.from({ length: 9 }, (_, i) => client.submit(specOf(seeds[i % 3]!))));
    const held = async (pid: number): Promise<Job> => {
      for (;;) {
        const seen = await Promise.all(jobs.map(({ id }) => client.job(id)));
        const job = seen.find((each) => each.state === "running" && holdersOf(each).at(-1) === pid);
        if (job !== undefined) return job;
      }
    };
    const [drained, lost] = [await held(first.pid), await held(second.pid)];
    for (const { id } of [drained, lost]) await client.untilEvent(id, ({ type }) => type === "checkpoint");
    const stopping = first.stop("SIGTERM");
    const killing = second.stop("SIGKILL");
    expect([await stopping, await killing]).toEqual([0, null]);

    const done = await Promise.all(jobs.map(({ id }) => client.untilDone(id)));
    for (const [i, job] of done.entries()) expect(await digestOf(job)).toBe(references[i % 3]);
    const reasons = done.flatMap(({ history }) => history.map(({ reason }) => reason));
    expect(reasons).toContain("its trainer gave no heartbeat");
    expect(new Set(done.flatMap(holdersOf))).toEqual(new Set([first.pid, second.pid, third.pid]));
    const commits = [first, second, third].flatMap(({ log }) => log.filter(({ msg }) => msg === "job succeeded"));
    const counted = jobs.map(({ id }) => commits.filter(({ job }) => job === id).length);
    expect(counted).toEqual(jobs.map(() => 1));
  });

  test("a trainer that is full leaves the next job to one that has room", async () => {
    await startTrainers(2);
    const jobs = await Promise.all([specOf(1), specOf(2)].map((spec) => client.submit(spec)));
    const started = await Promise.all(jobs.map(({ id }) => client.until(id, ({ attempt }) => attempt === 1)));
    const done = await Promise.all(jobs.map(({ id }) => client.untilDone(id)));
    expect(new Set(started.flatMap(holdersOf)).size).toBe(2);
    const [a, b] = done as [Job, Job];
    expect(a.startedAt! < b.endedAt! && b.startedAt! < a.endedAt!).toBe(true);
  });

  test("a job that is too large for one trainer is left to a larger one", async () => {
    const { body: plan } = await client.post<{ memoryBytes: number }>("/v1/jobs?validateOnly=true", specOf(1));
    const start = (memoryBytes: number): Promise<Part> =>
      startPart("trainer", { DATA_DIR: dataDir, REDIS_URL: redis.url, TRAINER_MEMORY_BYTES: String(memoryBytes) });
    const large = await start(2 * plan.memoryBytes);
    const small = await start(1_048_576);
    trainers = [large, small];
    const jobs = await Promise.all([1, 2, 3].map((seed) => client.submit(specOf(seed))));
    const done = await Promise.all(jobs.map(({ id }) => client.untilDone(id)));
    expect(done.map(({ state }) => state)).toEqual(jobs.map(() => "succeeded"));
    expect(new Set(done.flatMap(holdersOf))).toEqual(new Set([large.pid]));
  });

  test("a job of a pool runs on a trainer of that pool, waits for one where none is, and fails where one comes that is too small", async () => {
    const iris = (await client.upload("iris", await dataFile("iris"))).id;
    const jobOf = (pool: string, hidden: number): JobSpecInput => ({
      ...{
        dataset: iris,
        task: { type: "classification", label: "species" },
        model: { type: "mlp", hidden: [hidden] },
      },
      ...{ training: { epochs: 2, earlyStopping: false }, resources: { threads: 1, pool } },
    });
    const tiny = { DATA_DIR: dataDir, REDIS_URL: redis.url, TRAINER_POOL: "tiny", TRAINER_MEMORY_BYTES: "1048576" };
    const [plain] = (await startTrainers(1)) as [Part];
    const first = await startPart("trainer", tiny);
    trainers.push(first);
    const planOf = async (spec: JobSpecInput) => (await client.post<Problem & Plan>("/v1/jobs/plan", spec)).body;
    expect((await planOf(jobOf("tyni", 8))).errors).toMatchObject([{ pointer: "/resources/pool" }]);
    const isHeard = async () => (await planOf(jobOf("tiny", 8))).warnings;
    await expect.poll(isHeard, { timeout: 10_000 }).toEqual([]);
    expect(await planOf(jobOf("tiny", 20_000))).toMatchObject({ code: "over_limit" });

    const jobs = await Promise.all(["tiny", "default", "tiny"].map((pool) => client.submit(jobOf(pool, 8))));
    const done = await Promise.all(jobs.map(({ id }) => client.untilDone(id)));
    expect(done.map(holdersOf)).toEqual([[first.pid], [plain.pid], [first.pid]]);

    await first.stop();
    await expect
      .poll(isHeard, { timeout: 30_000 })
      .toEqual(["no trainer of the pool tiny is there now: the job waits until one comes"]);
    const waiting = await client.submit(jobOf("tiny", 20_000));
    const load = async (query: string) => (await client.call(`/metrics/queue${query}`)).body;
    expect(await load("?pool=tiny")).toMatchObject({ waitingJobs: 1, trainers: 0 });
    expect(await load("?pool=default")).toMatchObject({ waitingJobs: 0, waitingSeconds: 0 });
    expect(await load("")).toMatchObject({ waitingJobs: 1 });
    trainers.push(await startPart("trainer", tiny));
    const failed = await client.untilDone(waiting.id);
    expect(failed).toMatchObject({ state: "failed", attempt: 0, error: { code: "out_of_memory" } });
    expect(failed.error?.hint).toContain("TRAINER_MEMORY_BYTES");
  });

  test.each([
    { what: "cores", env: { TRAINER_THREADS: "1" }, threads: 2 },
    { what: "memory", env: { TRAINER_THREADS: "8", TRAINER_MEMORY_BYTES: "" }, threads: 1 },
  ])("a trainer takes no more jobs at a time than it has $what for", async ({ what, env, threads }) => {
    const { body } = await client.post<{ memoryBytes: number }>("/v1/jobs?validateOnly=true", specOf(1, threads));
    const memory = what === "memory" ? { TRAINER_MEMORY_BYTES: String(Math.round(1.5 * body.memoryBytes)) } : {};
    await startTrainers(1, { ...env, ...memory });
    const jobs = await Promise.all([1, 2, 3].map((seed) => client.submit(specOf(seed, threads))));
    const done = await Promise.all(jobs.map(({ id }) => client.untilDone(id)));
    expect(done.map(({ state, attempt }) => `${state} ${attempt}`)).toEqual(jobs.map(() => "succeeded 1"));
    const times = done
      .map(({ startedAt, endedAt }) => [startedAt!, endedAt!] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    for (let i = 1; i < times.length; i++) expect(times[i]![0] >= times[i - 1]![1]).toBe(true);
  });
});
