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
