import { afterEach, expect, test } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

/** More often with STOPS=20. */
const stops = Number(process.env.STOPS ?? 2);

const specOf = (dataset: string): JobSpecInput => ({
  ...{ dataset, task: { type: "classification", label: "digit" }, model: { type: "mlp", hidden: [256, 128] } },
  // Longer than all starts and stops together.
  ...{ training: { epochs: 100_000, earlyStopping: false }, resources: { threads: 2 } },
});

let service: Service | undefined;
let dataDir = "";
afterEach(async () => {
  await service?.stop();
  await removeDataDir(dataDir);
});

test.each([1, 3])(
  `stopped ${stops} times with a job under way, %i trainers: each time one checkpoint, handed back, and the next start goes on`,
  { timeout: 60_000 + stops * 30_000 },
  async (trainers) => {
    dataDir = await createDataDir();
    const start = async () => {
      service = await startService(dataDir, {
        ...{ WORKERS: String(trainers), TRAINER_THREADS: "2", DRAIN_SECONDS: "60" },
      });
      return { running: service, client: createRestClient(service.url) };
    };
    let { running, client } = await start();
    const { id } = await client.submit(specOf((await client.upload("digits", await dataFile("digits"))).id));
    const reachedAtStart: number[] = [];
    const tookMs: number[] = [];
    for (let stop = 1; stop <= stops; stop++) {
      const before = await client.until(id, ({ attempt, state }) => attempt === stop && state === "running");
      reachedAtStart.push(before.progress);
      await expect
        .poll(async () => (await client.job(id)).progress, { timeout: 10_000 })
        .toBeGreaterThan(before.progress);
      const startMs = performance.now();
      expect(await running.stop()).toBe(0);
      tookMs.push(Math.round(performance.now() - startMs));
      ({ running, client } = await start());
    }
    const job: Job = await client.until(id, ({ attempt, state }) => attempt === stops + 1 && state === "running");
    console.log(`${trainers} trainers, ms to stop: ${tookMs.sort((a, b) => a - b).join(" ")}`);
    // One attempt for each start, each ended by the stop alone.
    const reasons = job.history.map(({ reason }) => reason.replace(/taken up by .*/, "taken up"));
    expect(reasons.slice(1)).toEqual([
      ...Array.from({ length: stops }, () => ["taken up", "the trainer is stopping"]).flat(),
      "taken up",
    ]);
    expect(reachedAtStart).toEqual(reachedAtStart.toSorted((a, b) => a - b));
    expect(reachedAtStart.at(-1)).toBeGreaterThan(0);
    await client.untilEvent(id, ({ type }) => type === "resumed");
  },
);
