import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { JobStoresUnderTest } from "./job-store.ts";
import { failure, newDataset, newJob, tick } from "./records.ts";
import { openOwnRedisStores } from "./redis-stores.ts";

describe("work that waits, for whoever starts and stops trainers", () => {
  const [tenant, dataset] = ["acme", newDataset()];
  let stores: JobStoresUnderTest;
  beforeAll(async () => {
    stores = await openOwnRedisStores();
  });
  afterAll(() => stores.close());
  beforeEach(async () => {
    await stores.clear();
    await stores.catalogue.addDataset(tenant, dataset);
  });
  const submit = async (estimatedSeconds: number, of = tenant): Promise<string> => {
    const job = newJob(of, dataset);
    return (await stores.jobs.create({ ...job, plan: { ...job.plan, estimatedSeconds } })).job.id;
  };
  const claim = async (id: string) => {
    const claimed = await stores.jobs.claim(tenant, id, "trainer", tick());
    if (claimed === null) throw new Error("it is not queued");
    return claimed.fence;
  };

  it("is what jobs are planned to take, of every tenant, as long as nobody has taken them up", async () => {
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 0, seconds: 0 });
    await stores.catalogue.addDataset("north", dataset);
    const [first, second] = [await submit(10), await submit(0.25)];
    await submit(3600, "north");
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 3, seconds: 3610.25 });
    const fence = await claim(first);
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 2, seconds: 3600.25 });
    await stores.jobs.requestCancel(tenant, second, tick());
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 1, seconds: 3600 });
    await stores.jobs.fail(fence, failure, tick());
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 1, seconds: 3600 });
  });

  it("counts of a job that was handed back what it has not yet done, and takes away what it counted", async () => {
    const id = await submit(100);
    const fence = await claim(id);
    await stores.jobs.progress(fence, { progress: 0.75, metrics: {}, at: tick() });
    await stores.jobs.release(fence, "queued", "preempted", tick());
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 1, seconds: 25 });
    await stores.jobs.requestPause(tenant, id, tick());
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 0, seconds: 0 });
    await stores.jobs.requestResume(tenant, id, tick());
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 1, seconds: 25 });
    await claim(id);
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 0, seconds: 0 });
  });

  it("of a job that was handed back at its very end is nothing, and it can be taken up", async () => {
    const id = await submit(100);
    const fence = await claim(id);
    await stores.jobs.progress(fence, { progress: 1, metrics: {}, at: tick() });
    await stores.jobs.release(fence, "queued", "the trainer is stopping", tick());
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 1, seconds: 0 });
    await claim(id);
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 0, seconds: 0 });
  });

  it("is the same however often a request is repeated", async () => {
    const job = newJob(tenant, dataset);
    for (let i = 0; i < 3; i++) await stores.jobs.create({ ...job, plan: { ...job.plan, estimatedSeconds: 5 } });
    expect(await stores.jobs.waitingWork()).toEqual({ jobs: 1, seconds: 5 });
  });
});
