import { open, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Job, JobEvent } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

type Spec = Omit<JobSpecInput, "dataset">;

const network: Spec = {
  task: { type: "classification", label: "digit" },
  model: { type: "mlp", hidden: [128, 64], dropout: 0.2 },
  // Seconds, so that pauses and kills meet it under way.
  training: { epochs: 300, earlyStopping: false },
};

/** What a resumed job must remember beyond weights and slots. */
const kinds: Record<string, Spec> = {
  "a network with dropout": network,
  "early stopping that restores the best epoch, a schedule by plateaus, batch normalisation": {
    ...network,
    model: { type: "mlp", hidden: [128, 64], batchNorm: true, dropout: 0.2 },
    optimizer: {
      type: "adamw",
      learningRate: 0.003,
      schedule: { type: "reduce_on_plateau", patience: 1, factor: 0.7 },
    },
    training: { epochs: 300, earlyStopping: { metric: "loss", patience: 250, restoreBest: true } },
  },
  "k-means over a range of clusters": {
    task: { type: "clustering" },
    model: { type: "k_means", clusters: { from: 2, to: 14 }, restarts: 5 },
  },
  "a Gaussian mixture": {
    task: { type: "density_estimation" },
    model: { type: "gaussian_mixture", components: { from: 1, to: 5 }, covariance: "diagonal", restarts: 5 },
  },
};

describe("a checkpoint", () => {
  let service: Service;
  let client: RestClient;
  let dataDir: string;
  let dataset: string;
  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir, { CHECKPOINT_SECONDS: "0.15", LEASE_SECONDS: "3" });
    client = createRestClient(service.url);
    dataset = (await client.upload("digits", await dataFile("digits"))).id;
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const submit = (spec: Spec): Promise<Job> => client.submit({ ...spec, dataset });
  const digestOf = async ({ state, model }: Job): Promise<string> => {
    expect(state).toBe("succeeded");
    return (await client.model(model ?? "")).digest;
  };
  const untouched = async (spec: Spec): Promise<string> => digestOf(await client.untilDone((await submit(spec)).id));
  const isCheckpoint = ({ type }: JobEvent): boolean => type === "checkpoint";
  const eventsOf = async (id: string): Promise<JobEvent[]> =>
    (
      await client.call<{ items: JobEvent[] }>(`/v1/jobs/${id}/events?limit=1000`, {
        headers: { accept: "application/json" },
      })
    ).body.items;

  test.each(Object.entries(kinds))("holds everything that the next step reads: %s", async (_, spec) => {
    const whole = await untouched(spec);
    const { id } = await submit(spec);
    await client.untilEvent(id, isCheckpoint);
    await client.act(id, "pause");
    await client.untilState(id, "paused");
    await client.act(id, "resume");
    await client.untilEvent(id, ({ type, data }) => type === "state" && data.state === "running" && data.attempt === 2);
    const before = (await eventsOf(id)).filter(isCheckpoint).length;
    let checkpoints = 0;
    await client.untilEvent(id, (event) => isCheckpoint(event) && ++checkpoints > before);
    process.kill(service.trainerPid(), "SIGKILL");
    const done = await client.untilDone(id);
    expect(done.attempt).toBe(3);
    expect((await eventsOf(id)).filter(({ type }) => type === "resumed")).toHaveLength(2);
    expect(await digestOf(done)).toBe(whole);
  });

  /** A paused job with two checkpoints on the disk, newest first. */
  const pausedWithTwo = async (): Promise<{ id: string; files: string[] }> => {
    const { id } = await submit(network);
    let checkpoints = 0;
    await client.untilEvent(id, (event) => isCheckpoint(event) && ++checkpoints === 2);
    await client.act(id, "pause");
    await client.untilState(id, "paused");
    const artifacts = await createFileArtifactStore(join(dataDir, "artifacts"));
    const list = async () => (await artifacts.list(artifactKeys.checkpoints("default", id))).reverse();
    await expect.poll(async () => (await list()).length).toBe(2);
    return { id, files: (await list()).map((key) => join(dataDir, "artifacts", key)) };
  };
  const flipByte = async (file: string): Promise<void> => {
    const { size } = await stat(file);
    const handle = await open(file, "r+");
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, size - 1000);
    await handle.write(Buffer.from([byte[0]! ^ 1]), 0, 1, size - 1000);
    await handle.close();
  };
  const cut = async (file: string): Promise<void> => truncate(file, Math.floor((await stat(file)).size / 2));
  const stepOf = (file: string): number => Number(/(\d+)-\d+\.ckpt$/.exec(file)?.[1]);

  test.each([
    ["one bit is another", flipByte],
    ["half of it is gone", cut],
  ])("of which %s is passed over for the one before it", async (_, spoil) => {
    const whole = await untouched(network);
    const { id, files } = await pausedWithTwo();
    await spoil(files[0]!);
    await client.act(id, "resume");
    const done = await client.untilDone(id);
    const events = await eventsOf(id);
    expect(events.filter(({ type }) => type === "corrupt_checkpoint")).toMatchObject([
      { level: "warn", data: { step: stepOf(files[0]!) } },
    ]);
    expect(events.find(({ type }) => type === "resumed")?.data).toEqual({ step: stepOf(files[1]!) });
    expect(await digestOf(done)).toBe(whole);
  });

  test("that is spoilt like the one before it makes the job start anew, with a word about it", async () => {
    const whole = await untouched(network);
    const { id, files } = await pausedWithTwo();
    await flipByte(files[0]!);
    await cut(files[1]!);
    await client.act(id, "resume");
    const done = await client.untilDone(id);
    const types = (await eventsOf(id)).filter(({ level }) => level === "warn").map(({ type }) => type);
    expect(types.filter((type) => type !== "constant_features")).toEqual([
      ...["corrupt_checkpoint", "corrupt_checkpoint", "started_anew"],
    ]);
    expect((await eventsOf(id)).some(({ type }) => type === "resumed")).toBe(false);
    expect(await digestOf(done)).toBe(whole);
  });
});
