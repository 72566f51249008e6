import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { createJobs } from "../jobs.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
// scikit-learn 1.2: see explained-fixtures.py.
const { diabetes }: { diabetes: { columns: string[]; means: number[]; deviations: number[] } } = JSON.parse(
  read("../../../stats/explaining/explained-fixtures.json"),
);

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const explainedOf = async (csv: string, input: Omit<JobSpecInput, "dataset">) => {
  const run = await jobs.train(csv, input);
  const { report, model } = await jobs.modelOf(run);
  if (report.task !== "regression" && report.task !== "classification") throw new Error(report.task);
  return { run, model, report, explained: report.explained! };
};

test("least squares on diabetes have the importances of scikit-learn, within what five exchanges can tell", async () => {
  const { explained } = await explainedOf(read("../../../data/diabetes.csv"), {
    task: { type: "regression", label: "progression" },
    model: { type: "linear" },
    training: { split: { validation: 0, test: 0 } },
  });
  expect(explained).toMatchObject({ measure: "squared_error", rows: 442, repeats: 5 });
  expect(explained.columns).toHaveLength(10);
  for (const [i, column] of diabetes.columns.entries()) {
    const own = explained.columns.find((each) => each.column === column)!.importance;
    // The mean of 200 exchanges, whose own error is a fortieth of this; the exchanges follow from the seed alone.
    expect(Math.abs(own.value - diabetes.means[i]!)).toBeLessThan((4 * diabetes.deviations[i]!) / Math.sqrt(5));
    expect(own.lower).toBeLessThan(own.value);
    expect(own.upper).toBeGreaterThan(own.value);
  }
  expect(explained.groups).toEqual([]);
});

test("columns that stand in for each other are important together; one that says nothing has an interval about 0", async () => {
  const rows = Array.from({ length: 300 }, (_, i) => {
    const [x, noise] = [Math.sin(i), Math.cos(7 * i)];
    return [x, x + 0.01 * noise, noise, i % 2 === 0 ? "even" : "odd", x > 0 ? "up" : "down"].join(",");
  });
  const asked: Omit<JobSpecInput, "dataset"> = {
    task: { type: "classification", label: "y" },
    model: { type: "mlp", hidden: [8] },
    training: { epochs: 30, l2: 0.001 },
  };
  const csv = `a,b,noise,parity,y\n${rows.join("\n")}\n`;
  const { run, report, explained, model } = await explainedOf(csv, asked);
  expect(explained.rows).toBe(Math.min(report.rows, run.plan.explainedRows!));
  expect(explained.measure).toBe("log_likelihood");
  expect(explained.groups).toMatchObject([{ columns: ["a", "b"] }]);
  const of = (column: string) => explained.columns.find((each) => each.column === column)!.importance;
  expect(explained.groups[0]!.correlation).toBeGreaterThan(0.99);
  expect(explained.groups[0]!.importance.value).toBeGreaterThan(of("a").value);
  expect(explained.groups[0]!.importance.value).toBeGreaterThan(of("b").value);
  expect(explained.groups[0]!.importance.lower).toBeGreaterThan(0);
  expect(Math.abs(of("parity").value)).toBeLessThan(of("a").value / 5);
  expect(report.task === "classification" && report.operating?.positive).toBe("up");
  // What is exchanged is put back: the model and its report are the same again.
  const again = await explainedOf(csv, asked);
  expect(again.model.digest).toBe(model.digest);
  expect(again.report).toEqual(report);
});

test("what is too wide to be asked so often is not explained, nor what has no label", async () => {
  const wide = Array.from({ length: 3000 }, (_, j) => `x${j}`);
  const rows = Array.from({ length: 30 }, (_, i) =>
    [...wide.map((_, j) => (i * j) % 7), i % 2 === 0 ? "a" : "b"].join(),
  );
  const run = await jobs.train(`${[...wide, "y"].join()}\n${rows.join("\n")}\n`, {
    task: { type: "classification", label: "y" },
    model: { type: "softmax" },
    training: { epochs: 1 },
  });
  expect(run.plan.explainedRows).toBeUndefined();
  expect((await jobs.modelOf(run)).report).toMatchObject({ explained: null });
});
