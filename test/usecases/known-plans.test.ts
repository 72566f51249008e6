import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { startTestService, type TestService } from "./service.ts";

let service: TestService;
let planned = 0;
beforeAll(async () => {
  service = await startTestService({
    deps: (deps) => ({
      ...deps,
      engine: {
        ...deps.engine,
        plan: (...asked) => {
          planned += 1;
          return deps.engine.plan(...asked);
        },
      },
    }),
  });
});
afterAll(() => service.close());

const send = async <T>(method: string, path: string, body: string, type = "application/json"): Promise<T> => {
  const answer = await fetch(service.url + path, { method, headers: { "content-type": type }, body });
  expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as T;
};

test("jobs that differ only in name, labels or seed are planned once, each with its own, until the data set changes", async () => {
  const csv = await readFile("test/data/iris.csv", "utf8");
  const { id: dataset } = await send<Dataset>("POST", "/v1/datasets?name=iris", csv, "text/csv");
  const task = { type: "classification", label: "species" };
  const submit = async (change: object): Promise<{ job: Job; plans: number }> => {
    const before = planned;
    const job = await send<Job>("POST", "/v1/jobs", JSON.stringify({ dataset, task, ...change }));
    return { job, plans: planned - before };
  };
  // A record that is read again is shared from then on.
  const [first] = [await submit({ name: "one" }), await submit({ name: "one" }), await submit({ name: "one" })];
  const two = await submit({ name: "two", labels: { team: "b" }, training: { seed: 9 } });
  expect(two.plans).toBe(0);
  const training = { ...first.job.spec.training, seed: 9 };
  expect(two.job.spec).toEqual({ ...first.job.spec, name: "two", labels: { team: "b" }, training });
  expect(two.job.plan).toEqual(first.job.plan);

  const unnamed = await submit({});
  expect([unnamed.job.spec.name, unnamed.job.spec.labels]).toEqual(["iris classification", {}]);
  const again = await submit({});
  expect([again.job.spec, again.plans]).toEqual([unnamed.job.spec, 0]);

  const other = await submit({ name: "one", training: { epochs: 7 } });
  expect([other.plans > 0, other.job.spec.training.epochs]).toEqual([true, 7]);

  // The sizes of groups that are drawn depend on the seed.
  const split = { by: "petal_width", test: 0.3 };
  const groups = [await submit({ training: { split, seed: 1 } }), await submit({ training: { split, seed: 2 } })];
  expect(groups.map(({ plans }) => plans > 0)).toEqual([true, true]);

  await send("PATCH", `/v1/datasets/${dataset}`, JSON.stringify({ name: "flowers" }));
  const renamed = await submit({});
  expect([renamed.job.spec.name, renamed.plans > 0]).toEqual(["flowers classification", true]);
});
