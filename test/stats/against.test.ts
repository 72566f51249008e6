import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareWithSimpler } from "../../src/stats/against.ts";
import { createJobs } from "../workers/training/jobs.ts";

const file = (name: string): Buffer => readFileSync(new URL(`../data/${name}.csv`, import.meta.url));

test("differences are paired, row by row", () => {
  const own = Float64Array.of(-1, -2, -3);
  const against = compareWithSimpler({
    measure: "log_likelihood",
    own,
    null: own.map((value) => value - 0.5),
    linear: { model: "softmax", l2: 0, trainRows: 9, values: Float64Array.of(-1.1, -1.9, -3.3) },
  });
  // Rows that all differ alike have no interval: nothing is known of how much they vary.
  expect(against.null.difference).toEqual({ value: 0.5, lower: null, upper: null });
  expect(against.linear?.difference.value).toBeCloseTo(0.1, 12);
  // 0.1 ± t₂ · 0.2/√3
  expect(against.linear?.difference.upper).toBeCloseTo(0.1 + (4.302653 * 0.2) / Math.sqrt(3), 5);
});

describe("a report compares with simpler models on the same rows:", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());

  test("a network where the linear model sees nothing", async () => {
    const rows = Array.from({ length: 400 }, (_, i) => [(i % 20) - 9.5, (Math.floor(i / 20) % 20) - 9.5] as const);
    const csv = `a,b,y\n${rows.map(([a, b]) => `${a},${b},${a * b}`).join("\n")}\n`;
    const run = await jobs.train(csv, { task: { type: "regression", label: "y" }, training: { epochs: 150 } });
    const { report } = await jobs.modelOf(run);
    if (report.task !== "regression") throw new Error(report.task);
    const { against } = report;
    expect(against).toMatchObject({
      measure: "squared_error",
      rows: 80,
      linear: { model: "linear", l2: 0, trainRows: 320 },
    });
    expect(against?.linear?.difference.lower).toBeGreaterThan(0);
    expect(against?.null.difference.lower).toBeGreaterThan(0);
  });

  test("the linear model of iris is held by a penalty, as the classes are separated", async () => {
    const run = await jobs.train(file("iris"), { task: { type: "classification", label: "species" } });
    const { report } = await jobs.modelOf(run);
    if (report.task !== "classification") throw new Error(report.task);
    const { against } = report;
    expect(against).toMatchObject({
      measure: "log_likelihood",
      rows: 30,
      linear: { model: "softmax", trainRows: 120 },
    });
    expect(against?.linear?.l2).toBeCloseTo(1 / 120, 12);
    expect(against?.null.difference.lower).toBeGreaterThan(0.5);
    expect(Math.abs(against?.linear?.difference.value ?? 9)).toBeLessThan(0.3);
  });

  test("a solved model is compared with no other linear one, and its difference from the null is that of its R²", async () => {
    const run = await jobs.train(file("diabetes"), {
      task: { type: "regression", label: "progression" },
      model: { type: "linear" },
      training: { split: { validation: 0, test: 0 } },
    });
    const { report } = await jobs.modelOf(run);
    if (report.task !== "regression") throw new Error(report.task);
    expect(report.against?.linear).toBeNull();
    const { deviance, nullDeviance } = report.trainingFit!;
    expect(report.against?.null.difference.value).toBeCloseTo((nullDeviance - deviance) / report.rows, 6);
  });
});
