import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { createJobs } from "../jobs.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
// scikit-learn 1.2: see dependence-fixtures.py.
const { diabetes }: { diabetes: Record<string, { values: number[]; mean: number[] }> } = JSON.parse(
  read("../../../stats/explaining/dependence-fixtures.json"),
);

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const dependenceOf = async (csv: string, input: Omit<JobSpecInput, "dataset">) => {
  const { report, predict } = await jobs.modelOf(await jobs.train(csv, input));
  if (report.task !== "regression" && report.task !== "classification") throw new Error(report.task);
  return { explained: report.explained!, predict };
};

test("least squares on diabetes depend on a column as scikit-learn's do", async () => {
  const { explained } = await dependenceOf(read("../../../data/diabetes.csv"), {
    task: { type: "regression", label: "progression" },
    model: { type: "linear" },
    training: { split: { validation: 0, test: 0 } },
  });
  expect(explained.dependenceRows).toBe(300);
  expect(explained.dependence).toHaveLength(6);
  expect(explained.dependence.map(({ column }) => column)).toEqual(
    explained.columns.slice(0, 6).map(({ column }) => column),
  );
  for (const [name, { values, mean }] of Object.entries(diabetes)) {
    const own = explained.dependence.find(({ column }) => column === name)!;
    expect(own.values).toEqual(values);
    expect(own.answers).toMatchObject([{ class: null }]);
    for (const [i, value] of mean.entries()) expect(own.answers[0]!.mean[i]! / value).toBeCloseTo(1, 6);
    expect(own.individual).toHaveLength(12);
  }
});

test("a network's curves go through its own predictions: probabilities of the second class, by level of a category", async () => {
  const rows = Array.from({ length: 240 }, (_, i) => {
    const x = Math.round(100 * Math.sin(i)) / 10;
    return [i % 7 === 0 ? "" : x, ["red", "green", "blue"][i % 3], x > 0 === (i % 3 === 0) ? "yes" : "no"].join();
  });
  const { explained, predict } = await dependenceOf(`x,colour,y\n${rows.join("\n")}\n`, {
    task: { type: "classification", label: "y" },
    model: { type: "mlp", hidden: [8] },
    training: { epochs: 20, split: { validation: 0, test: 0 } },
  });
  const colour = explained.dependence.find(({ column }) => column === "colour")!;
  expect(colour.values.toSorted()).toEqual(["blue", "green", "red"]);
  expect(colour.answers).toMatchObject([{ class: "yes" }]);
  // The first curve is of the first row: everything as it is there, but for the colour.
  for (const [i, value] of colour.values.entries()) {
    const [own] = predict({ x: null, colour: value }).predictions;
    const { values, class: name } = colour.individual[0]!;
    expect(name).toBe("yes");
    expect("label" in own! && own.probabilities?.yes).toBeCloseTo(values[i]!, 6);
  }
  const x = explained.dependence.find(({ column }) => column === "x")!;
  expect(x.individual[0]!.cell).toBeNull();
  expect(x.values).toHaveLength(20);
  expect(x.values.every((value) => typeof value === "number")).toBe(true);
});
