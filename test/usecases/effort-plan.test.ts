import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Problem } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import { startTestService, type TestService } from "./service.ts";

let service: TestService;
let largestTrainer: number | null = null;
beforeAll(async () => {
  service = await startTestService({
    deps: (deps) => ({ ...deps, consumption: { ...deps.consumption, largestTrainer: () => largestTrainer } }),
  });
});
afterAll(() => service.close());

type Answer = Dataset & Plan & Problem & { spec: ResolvedJobSpec };
const post = async (path: string, body: string, type = "application/json"): Promise<Answer> => {
  const response = await fetch(`${service.url}${path}`, { method: "POST", headers: { "content-type": type }, body });
  return (await response.json()) as Answer;
};

test("where rows are read from disk an effort's fit of every row reads them from there too; it is left out, and said to be, where what is kept beside it has no room", async () => {
  const inputs = Array.from({ length: 24 }, (_, i) => i);
  const row = (i: number): string => [...inputs.map((k) => (i * (k + 3)) % 101), i % 2 ? "a" : "b"].join(",");
  const rows = Array.from({ length: 12_000 }, (_, i) => row(i));
  const { id } = await post("/v1/datasets", [inputs.map((k) => `x${k}`).concat("y"), ...rows].join("\n"), "text/csv");
  const plan = (change: object): Promise<Answer> => {
    const spec = { dataset: id, task: { type: "classification", label: "y" }, effort: "good", ...change };
    return post("/v1/jobs/plan", JSON.stringify(spec));
  };
  const whole = await plan({});
  expect([whole.spec.training.refit, whole.spillBytes]).toEqual([true, undefined]);
  // Half of the rows do not fit any more.
  const resources = { memoryBytes: whole.memoryBytes - 6000 * inputs.length * 4 };
  const streamed = await plan({ resources });
  expect(streamed.spec.training.refit).toBe(true);
  expect(streamed.spillBytes).toBeGreaterThan(0);
  expect(streamed.memoryBytes).toBeLessThanOrEqual(resources.memoryBytes);
  // The least that the measured fit can do with.
  const kept = { gradientCheckpointing: false };
  const single = await plan({ resources: { memoryBytes: 65_536 }, training: { ...kept, refit: false } });
  const least = Number(/needs ([\d,]+) bytes/.exec(single.detail)![1]!.replaceAll(",", ""));
  const short = { memoryBytes: least };
  const without = await plan({ resources: short, training: kept });
  expect(without.spec.training.refit).toBe(false);
  expect(without.warnings).toContainEqual(
    expect.stringMatching(/fit of every row is left out.*resources\.memoryBytes/),
  );
  const refused = await plan({ resources: short, training: { ...kept, refit: true } });
  expect(refused).toMatchObject({ code: "over_limit", errors: [{ pointer: "/resources/memoryBytes" }] });
});

test("a job is planned within what the largest trainer of its pool may use, as if its specification said so, and refused where that is too little", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => [i % 7, i % 11, i % 3, i % 2 ? "a" : "b"].join(","));
  const { id } = await post("/v1/datasets", ["p,q,r,y", ...rows].join("\n"), "text/csv");
  const plan = (resources: object = {}): Promise<Answer> =>
    post(
      "/v1/jobs/plan",
      JSON.stringify({
        ...{ dataset: id, task: { type: "classification", label: "y" }, resources },
        ...{ model: { type: "mlp", hidden: Array(8).fill(64) }, training: { batchSize: 2000 } },
      }),
    );
  const whole = await plan();
  largestTrainer = whole.memoryBytes;
  expect(await plan()).toEqual(whole);
  largestTrainer = whole.memoryBytes - 65_536;
  const within = await plan();
  expect(within.savedBytes).toBeGreaterThan(0);
  expect(within.memoryBytes).toBeLessThanOrEqual(largestTrainer);
  // What the job may have stays what it was, for trainers to come.
  expect(within.spec.resources).toEqual(whole.spec.resources);
  largestTrainer = 65_536;
  expect(await plan()).toMatchObject({
    code: "over_limit",
    errors: [
      {
        pointer: "/resources/memoryBytes",
        detail: expect.stringMatching(/no trainer that runs now may use more than 65,536; .*TRAINER_MEMORY_BYTES/),
      },
    ],
  });
  // One that was there lately may come back.
  await service.deps.jobs.announceTrainer("larger", whole.memoryBytes, 60_000);
  const later = await plan();
  expect(later.memoryBytes).toBe(whole.memoryBytes);
  expect(later.warnings).toContainEqual(
    expect.stringMatching(/no trainer that runs now may use more than 65,536: it waits for one with [\d,]+, which was/),
  );
  largestTrainer = null;

  expect(await plan({ pool: "large" })).toMatchObject({
    code: "invalid",
    errors: [
      { pointer: "/resources/pool", detail: expect.stringMatching(/^no trainer has ever had the pool "large"/) },
    ],
  });
  await service.deps.jobs.announceTrainer("of the pool", 2 ** 30, 60_000, "large");
  expect((await plan({ pool: "large" })).warnings).toContain(
    "no trainer of the pool large is there now: the job waits until one comes",
  );
  expect((await plan({ pool: "lagre" })).detail).toContain('; did you mean "large"?');
  largestTrainer = whole.memoryBytes;
  expect((await plan({ pool: "large" })).warnings).toEqual(whole.warnings);
  expect((await plan({ pool: "default" })).memoryBytes).toBe(whole.memoryBytes);
  largestTrainer = null;
});

test("a job too large for its memory is told what of its rows it keeps there", async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => [i % 7, i % 11, i % 3, i % 5, i % 8, i % 9, i % 13].join(","));
  const { id } = await post("/v1/datasets", ["p,q,r,s,t,u,y", ...rows].join("\n"), "text/csv");
  const plan = (spec: object): Promise<Answer> =>
    post("/v1/jobs/plan", JSON.stringify({ dataset: id, resources: { memoryBytes: 262_144 }, ...spec }));
  const quantile = { task: { type: "regression", label: "y" }, model: { type: "quantile", quantile: 0.9 } };
  const mixture = { task: { type: "density_estimation" }, model: { type: "gaussian_mixture", components: 4 } };
  const reasons = [];
  for (const spec of [quantile, mixture]) {
    const { code, errors } = await plan(spec);
    expect([code, errors[0]]).toMatchObject(["over_limit", { pointer: "/resources/memoryBytes" }]);
    reasons.push(errors[1]);
  }
  expect(reasons).toEqual([
    { pointer: "/training/solver", detail: expect.stringMatching(/all of them in memory; "iterative"/) },
    { pointer: "/model/type", detail: expect.stringMatching(/a mixture keeps 12 bytes of each row/) },
  ]);
});
