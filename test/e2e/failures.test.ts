import { rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { Job, JobEvent } from "../../src/domain/jobs/job.ts";
import type { JobState } from "../../src/domain/jobs/job-state.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, isAlive, removeDataDir, type Service, startService } from "./service.ts";

const engineFault = new URL("../chaos/engine-fault.mjs", import.meta.url).href;

/** Some seconds of computing, on two threads. */
const longJob = (dataset: string, epochs = 60): JobSpecInput => ({
  ...{ name: "long", dataset, task: { type: "classification", label: "digit" } },
  ...{ model: { type: "mlp", hidden: [256, 128], dropout: 0.1 }, training: { epochs, earlyStopping: false } },
});

const trainerOf = ({ history }: Job): number =>
  Number(/taken up by \S*:(\d+)/.exec(history.findLast(({ state }) => state === "running")?.reason ?? "")?.[1]);

const start = async (env: Record<string, string>) => {
  const dataDir = await createDataDir();
  const service = await startService(dataDir, { NODE_OPTIONS: `--import=${engineFault}`, ...env });
  const client = createRestClient(service.url);
  const { id } = await client.upload("digits", await dataFile("digits"));
  return { service, client, dataDir, digits: id };
};

describe("a job whose trainer, engine or store fails", () => {
  let service: Service;
  let client: RestClient;
  let dataDir: string;
  let digits: string;
  let untouched: string;
  beforeAll(async () => {
    const settings = { WORKERS: "2", CHECKPOINT_SECONDS: "0.2", LEASE_SECONDS: "3", HEARTBEAT_SECONDS: "5" };
    ({ service, client, dataDir, digits } = await start(settings));
    untouched = await digestOf(await client.untilDone((await client.submit(longJob(digits))).id));
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const digestOf = async ({ model }: Job): Promise<string> => (await client.model(model ?? "")).digest;
  /** A job that has a checkpoint, and the process that computes it. */
  const underWay = async (): Promise<{ id: string; pid: number }> => {
    const { id } = await client.submit(longJob(digits));
    await client.untilEvent(id, ({ type }) => type === "checkpoint");
    return { id, pid: trainerOf(await client.job(id)) };
  };
  const goneOnWith = async (id: string, reason: RegExp): Promise<Job> => {
    const done = await client.untilDone(id);
    expect(done).toMatchObject({ state: "succeeded", attempt: 2 });
    const back = done.history.find(({ state, attempt }) => state === "queued" && attempt === 1);
    expect(back?.reason).toMatch(reason);
    await client.untilEvent(id, ({ type }) => type === "resumed");
    expect(await digestOf(done)).toBe(untouched);
    return done;
  };

  test("a trainer frozen beyond its lease: the job ends elsewhere, and what wakes up writes nothing", async () => {
    const { id, pid } = await underWay();
    process.kill(pid, "SIGSTOP");
    const done = await goneOnWith(id, /no heartbeat/);
    const artifacts = await createFileArtifactStore(join(dataDir, "artifacts"));
    const checkpoints = () => artifacts.list(artifactKeys.checkpoints("default", id));
    await expect.poll(checkpoints, { timeout: 10_000 }).toEqual([]);
    const files = await artifacts.list("default/");
    process.kill(pid, "SIGCONT");
    await service.logged(({ pid: by, job, msg }) => by === pid && job === id && msg.includes("another attempt"));
    // The one that woke up is in order again: it stops without anything to hand back.
    process.kill(pid, "SIGTERM");
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
    expect(await client.job(id)).toEqual(done);
    expect(await artifacts.list("default/")).toEqual(files);
    const commits = service.log.filter(({ msg, job }) => msg === "job succeeded" && job === id);
    expect(commits.map(({ pid: by }) => by)).toEqual([trainerOf(done)]);
    expect(trainerOf(done)).not.toBe(pid);
  });

  test("a trainer told to stop: a checkpoint, its jobs handed back, gone within twenty seconds", async () => {
    const { id, pid } = await underWay();
    const startMs = performance.now();
    process.kill(pid, "SIGTERM");
    await expect.poll(() => isAlive(pid), { timeout: 25_000, interval: 20 }).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(20_000);
    await goneOnWith(id, /^the trainer is stopping$/);
  });

  test("a crashed engine thread: the trainer lives, and the job goes on from its checkpoint", async () => {
    const { id, pid } = await underWay();
    process.kill(pid, "SIGUSR2");
    await goneOnWith(id, /^the engine crashed: .*a fault that was provoked/);
    expect(isAlive(pid)).toBe(true);
  });

  test("a hung engine thread: found out by its heartbeat", async () => {
    const { id, pid } = await underWay();
    process.kill(pid, "SIGPROF");
    await goneOnWith(id, /^the engine crashed: .*no heartbeat for 5 s$/);
    expect(isAlive(pid)).toBe(true);
  });

  test("an artifact store that is away: the API says so, jobs wait for it, and nothing fails", async () => {
    const { id } = await underWay();
    const [there, away] = [join(dataDir, "artifacts"), join(dataDir, "unmounted")];
    await rename(there, away);
    const upload = await client.tryUpload(await dataFile("iris"));
    expect(upload).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(upload.body.detail).toContain("is its disk mounted");
    expect((await client.call("/readyz")).status).toBe(503);
    const other = await client.submit(longJob(digits, 5));
    await client.untilState(other.id, "running");
    expect((await client.call(`/v1/datasets/${digits}/rows?limit=1`)).status).toBe(503);
    await rename(away, there);
    const [done, second] = [await client.untilDone(id), await client.untilDone(other.id)];
    expect([done.state, second.state, done.attempt]).toEqual(["succeeded", "succeeded", 1]);
    expect(await digestOf(done)).toBe(untouched);
    expect((await client.call("/readyz")).status).toBe(200);
  });

  test("more memory than it said it would need: refused at once, with the numbers", async () => {
    const { status, body } = await client.trySubmit({ ...longJob(digits), resources: { memoryBytes: 1_048_576 } });
    expect({ status, code: body.code, pointer: body.errors[0]?.pointer }).toEqual({
      ...{ status: 422, code: "over_limit", pointer: "/resources/memoryBytes" },
    });
    expect(body.detail).toMatch(/needs [\d,]+ bytes and may use 1,048,576/);
  });
});

describe("a job that takes down whatever runs it", () => {
  let service: Service;
  let client: RestClient;
  let dataDir: string;
  let digits: string;
  beforeAll(async () => {
    const settings = {
      CHECKPOINT_SECONDS: "3600",
      LEASE_SECONDS: "2",
      POISON_CRASHES: "1",
      TRAINER_MEMORY_BYTES: String(32 * 1024 ** 2),
    };
    ({ service, client, dataDir, digits } = await start(settings));
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  test("trainer or engine: after a crash it runs alone, and after one more, or what counts as much, it has failed and says why", async () => {
    const { id } = await client.submit(longJob(digits, 3000));
    for (const [losses, signal] of (["SIGUSR2", "SIGKILL", "SIGUSR2"] as const).entries()) {
      const isOfAttempt = (event: JobEvent, state: JobState): boolean =>
        event.data.state === state && event.data.attempt === losses + 1;
      await client.untilEvent(id, (event) => isOfAttempt(event, "running"));
      await client.untilEvent(id, ({ type }) => type === "progress");
      // Every attempt but the first says it, in the trainer's own time.
      let told = 0;
      if (losses > 0) await client.untilEvent(id, ({ type }) => type === "runs_alone" && ++told === losses);
      process.kill(trainerOf(await client.job(id)), signal);
      await client.untilEvent(id, (event) => isOfAttempt(event, "queued"));
    }
    const failed = await client.untilDone(id);
    expect(failed).toMatchObject({ state: "failed", model: null, error: { code: "poison" } });
    expect(failed.error?.message).toContain("a fault that was provoked");
    expect(failed.error?.hint).not.toBe("");
    const { body } = await client.call<{ items: JobEvent[] }>(`/v1/jobs/${id}/events?limit=1000`, {
      headers: { accept: "application/json" },
    });
    expect(body.items.filter(({ type }) => type === "runs_alone")).toHaveLength(2);
  });

  test("more memory than any trainer has: refused, with what to do, and smaller jobs run", async () => {
    const large = { ...longJob(digits), model: { type: "mlp" as const, hidden: [2000, 2000] } };
    const { status, body } = await client.post<Problem>("/v1/jobs", large);
    expect([status, body.code]).toEqual([422, "over_limit"]);
    expect(body.detail).toContain("TRAINER_MEMORY_BYTES");
    const small = await client.submit(longJob(digits, 2));
    expect((await client.untilDone(small.id)).state).toBe("succeeded");
  });
});
