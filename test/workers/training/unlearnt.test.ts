import { afterAll, beforeAll, expect, test } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { createJobs } from "./jobs.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs.close());

/** `sensor` has values in the last rows alone, which a split by time measures on. */
const csv = (sensor: (row: number) => string): string =>
  ["t,x,sensor,y"]
    .concat(Array.from({ length: 120 }, (_, i) => `${i},${(i * 37) % 50},${sensor(i)},${2 * ((i * 37) % 50)}`))
    .join("\n");

type Input = Omit<JobSpecInput, "dataset">;
const models: NonNullable<Input["model"]>[] = [{ type: "mlp", hidden: [8] }, { type: "linear" }];

test.each(models)("what no training row had a value of counts as missing, with a warning ($type)", async (model) => {
  const training = { ...(model.type === "mlp" ? { epochs: 60 } : {}), split: { time: "t", test: 0.2 } };
  const input: Input = { task: { type: "regression", label: "y" }, model, training };
  const late = await jobs.train(
    csv((i) => (i < 96 ? "" : `${900 + i}`)),
    input,
    { sensor: "number" },
  );
  const never = await jobs.train(
    csv(() => ""),
    input,
    { sensor: "number" },
  );
  const [{ report, predict }, without] = await Promise.all([jobs.modelOf(late), jobs.modelOf(never)]);
  if (report.task !== "regression" || without.report.task !== "regression") throw new Error("a regression's report");
  expect(report.r2!.value).toBeGreaterThan(0.9);
  expect(report.r2).toEqual(without.report.r2);
  const { predictions, warnings } = predict({ x: 5, sensor: 925 }, { x: 5, sensor: null });
  expect(predictions[0]).toEqual(predictions[1]);
  expect(warnings).toMatchObject([{ row: 0, column: "sensor", code: "out_of_range" }]);
  expect(late.events.map(({ name }) => name)).toContain("empty_features");
});

test("rows of a class that no training row has are told of in the report", async () => {
  const late = ["t,x,y"].concat(Array.from({ length: 100 }, (_, i) => `${i},${i % 9},${i < 80 ? `c${i % 2}` : "new"}`));
  const run = await jobs.train(late.join("\n"), {
    ...{ task: { type: "classification", label: "y" }, model: { type: "softmax" } },
    training: { split: { time: "t", test: 0.25 } },
  });
  const { report } = await jobs.modelOf(run);
  expect(report.notes).toContainEqual({
    code: "classes_not_learnt",
    message: expect.stringMatching(
      /^20 of the 25 rows are of a class that no training row has, such as "new"/,
    ) as string,
  });
});
