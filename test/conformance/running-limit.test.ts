import { afterAll, beforeAll, expect, it } from "vitest";
import { createLedger } from "../../workers/trainer/ledger.ts";
import { createJobRunner } from "../../workers/trainer/run-job.ts";
import type { TrainerDeps } from "../../workers/trainer/trainer-deps.ts";
import type { JobStoresUnderTest } from "./job-store.ts";
import { newDataset, newJob, tick } from "./records.ts";
import { openOwnRedisStores } from "./redis-stores.ts";

let stores: JobStoresUnderTest;
beforeAll(async () => {
  stores = await openOwnRedisStores();
});
afterAll(() => stores.close());

it("puts a job aside whose tenant has as many with trainers as it may, the longer the more of its own are before it", async () => {
  const dataset = newDataset();
  await stores.catalogue.addDataset("acme", dataset);
  const ids = [];
  for (let i = 0; i < 200; i++) ids.push((await stores.jobs.create(newJob("acme", dataset))).job.id);
  for (const id of ids.slice(0, 2)) await stores.limited.claim("acme", id, "trainer", tick());
  const ledger = createLedger({ threads: 1, memoryBytes: 1e9 });
  // Nothing is computed: the job is put aside before any of the trainer's other parts is asked.
  const known = { jobs: stores.limited, ledger, name: "trainer", poolName: "default", now: () => new Date() };
  const deps = known as unknown as TrainerDeps;
  const run = createJobRunner(deps);
  const { signal } = new AbortController();
  const asideMs = async (id: string) => await run({ tenant: "acme", job: id }, signal);
  expect(await asideMs(ids[2]!)).toEqual({ laterMs: 1000 });
  expect(await asideMs(ids[50]!)).toEqual({ laterMs: 25_000 });
  expect(await asideMs(ids[199]!)).toEqual({ laterMs: 60_000 });
  expect(ledger.used()).toEqual({ memoryBytes: 0, threads: 0 });
  await stores.jobs.release({ tenant: "acme", job: ids[0]!, attempt: 1 }, "queued", "preempted", tick());
  expect(await stores.limited.claim("acme", ids[2]!, "trainer", tick())).not.toBeNull();
});
