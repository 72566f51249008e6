import { afterAll, beforeAll, expect, it } from "vitest";
import { openStagedRuns, type StagedRuns, tenant } from "./staged-runs.ts";

let runs: StagedRuns;
beforeAll(async () => {
  runs = await openStagedRuns();
});
afterAll(() => runs.close());

/** Large enough for a team of many. */
const model = { type: "mlp", hidden: [512, 512] };

it("a team is no larger than its trainer, whatever the job asks for, and computes the same", {
  timeout: 60_000,
}, async () => {
  const digestOf = async (threads: number, look: () => void): Promise<string> => {
    const { id, plan } = await runs.submit({ model, resources: { threads } });
    expect(plan.threads > 2).toBe(threads > 2);
    // Before each of the first questions of a run, many of which are asked while it computes.
    await runs.run(id, new Map(Array.from({ length: 200 }, (_, question) => [question, async () => look()])));
    const job = await runs.service.deps.jobs.get(tenant, id);
    expect(job.state).toBe("succeeded");
    return (await runs.service.deps.catalogue.model(tenant, job.model!)).digest;
  };
  const sizes = new Set<number>();
  const together = await digestOf(64, () => sizes.add(runs.threads()));
  expect(sizes).toEqual(new Set([2]));
  expect(together).toBe(await digestOf(1, () => {}));
});

it("a team gives a core to a job that comes, has it back when that one ends, and computes the same", {
  timeout: 60_000,
}, async () => {
  const spec = { model, resources: { threads: 2 } };
  const { id, plan } = await runs.submit(spec);
  const { id: other } = await runs.submit(spec);
  expect(plan.threads).toBe(2);
  const shares: number[][] = [];
  let taken = false;
  const beside = async (): Promise<void> => {
    const { state } = await runs.service.deps.jobs.get(tenant, id);
    if (taken || state !== "running") return;
    taken = true;
    shares.push(runs.shares());
    // From its start to its end while the first one computes, or waits for this to say how far it is.
    await runs.run(other, new Map([[6, async () => shares.push(runs.shares())]]));
    shares.push(runs.shares());
  };
  await runs.run(id, new Map(Array.from({ length: 200 }, (_, question) => [question, beside])));
  expect(shares).toEqual([[2], [1, 1], [2]]);
  const jobs = await Promise.all([id, other].map((one) => runs.service.deps.jobs.get(tenant, one)));
  expect(jobs.map(({ state }) => state)).toEqual(["succeeded", "succeeded"]);
  const models = await Promise.all(jobs.map((job) => runs.service.deps.catalogue.model(tenant, job.model!)));
  const { id: alone } = await runs.submit({ model, resources: { threads: 1 } });
  const last = await runs.finish(alone);
  const { digest } = await runs.service.deps.catalogue.model(tenant, last.model!);
  expect(models.map((one) => one.digest)).toEqual([digest, digest]);
});
