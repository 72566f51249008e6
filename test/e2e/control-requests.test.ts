import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, isAlive, removeDataDir, type Service, startService } from "./service.ts";

/** Some seconds of computing: time to interfere, and checkpoints on the way. */
const longJob = (dataset: string, epochs: number): JobSpecInput => ({
  name: "long",
  dataset,
  task: { type: "classification", label: "digit" },
  model: { type: "mlp", hidden: [256, 128] },
  training: { epochs, earlyStopping: false },
});
const epochs = 60;

describe("what may happen to a running job", () => {
  let service: Service;
  let dataDir: string;
  let client: RestClient;
  let digits: string;
  let untouched: string;

  const digestOf = async (model: string | null): Promise<string> => (await client.model(model ?? "")).digest;

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir, { CHECKPOINT_SECONDS: "0.3" });
    client = createRestClient(service.url);
    digits = (await client.upload("digits", await dataFile("digits"))).id;
    const job = await client.submit(longJob(digits, epochs));
    const done = await client.untilDone(job.id);
    untouched = await digestOf(done.model);
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const reasons = async (id: string): Promise<string[]> => (await client.job(id)).history.map(({ state }) => state);

  test("cancelled while running: it stops, has no model, and says so", async () => {
    const job = await client.submit(longJob(digits, 100_000));
    await client.untilEvent(job.id, ({ type }) => type === "checkpoint");
    const { status } = await client.act(job.id, "cancel");
    expect(status).toBeLessThan(300);
    const done = await client.untilDone(job.id);
    expect(done).toMatchObject({ state: "cancelled", model: null, error: null });
    expect(await reasons(job.id)).toEqual(["queued", "running", "cancelling", "cancelled"]);
    expect((await client.act(job.id, "pause")).status).toBe(409);
  });

  test("paused and resumed: it goes on from its checkpoint to the same weights", async () => {
    const job = await client.submit(longJob(digits, epochs));
    await client.untilEvent(job.id, ({ type }) => type === "checkpoint");
    // The first checkpoint comes early, before the record tells of any progress.
    await client.untilEvent(job.id, ({ type }) => type === "progress");
    await client.act(job.id, "pause");
    const paused = await client.untilState(job.id, "paused");
    expect(paused.progress).toBeGreaterThan(0);
    expect(paused.progress).toBeLessThan(1);
    await client.act(job.id, "resume");
    const done = await client.untilDone(job.id);
    expect(done.state).toBe("succeeded");
    expect(done.attempt).toBe(2);
    expect(await digestOf(done.model)).toBe(untouched);
  });

  test("its trainer killed with SIGKILL: it goes on elsewhere, from its checkpoint, to the same weights", async () => {
    const job = await client.submit(longJob(digits, epochs));
    await client.untilEvent(job.id, ({ type }) => type === "checkpoint");
    const killed = service.trainerPid();
    process.kill(killed, "SIGKILL");
    await client.untilEvent(job.id, ({ type }) => type === "resumed");
    const done = await client.untilDone(job.id);
    expect(done.state).toBe("succeeded");
    expect(done.attempt).toBe(2);
    expect(await digestOf(done.model)).toBe(untouched);
    expect(isAlive(killed)).toBe(false);
  });

  test("its trainer stopped with SIGTERM: a checkpoint, back to the queue, and no attempt counted against it", async () => {
    const job = await client.submit(longJob(digits, epochs));
    await client.untilEvent(job.id, ({ type }) => type === "checkpoint");
    const stopped = service.trainerPid();
    process.kill(stopped, "SIGTERM");
    const done = await client.untilDone(job.id);
    expect(done.state).toBe("succeeded");
    expect(done.history.map(({ reason }) => reason)).toContain("the trainer is stopping");
    expect(await digestOf(done.model)).toBe(untouched);
  });

  test("longer than its maxSeconds: failed, with what to do", async () => {
    const job = await client.submit({ ...longJob(digits, 100_000), resources: { maxSeconds: 1 } });
    const done = await client.untilDone(job.id);
    expect(done).toMatchObject({ state: "failed", error: { code: "max_seconds" } });
    expect(done.error?.hint).toContain("resources.maxSeconds");
  });

  test("a learning rate that is far too high: failed as diverged, with a hint, and the service goes on", async () => {
    const job = await client.submit({
      ...longJob(digits, 20),
      model: { type: "mlp", hidden: [64], activation: "identity" },
      optimizer: { type: "sgd", learningRate: 1e6 },
    });
    const done = await client.untilDone(job.id);
    expect(done).toMatchObject({ state: "failed", error: { code: "diverged" } });
    expect(done.error?.hint).not.toBe("");
  });
});
