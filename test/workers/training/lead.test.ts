import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { createJobs } from "./jobs.ts";

const file = (name: string): Buffer => readFileSync(new URL(`../../data/cases/${name}`, import.meta.url));
/** All rows train, nothing holds the weights back. */
const exact = { split: { validation: 0, test: 0 }, l2: 0, batchSize: "full", epochs: 3000 } as const;
const regression = (extra: Partial<Omit<JobSpecInput, "dataset">> = {}): Omit<JobSpecInput, "dataset"> => ({
  task: { type: "regression", label: "y" },
  model: { type: "linear" },
  training: exact,
  ...extra,
});

describe("a job on odd data", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());

  test("with a constant and an empty column names both, and learns from the rest", async () => {
    const run = await jobs.train(file("constant-and-empty.csv"), regression());
    const warned = run.events.filter(({ level }) => level === "warn").map(({ name, data }) => [name, data]);
    expect(warned).toEqual([
      ["empty_features", { names: ["e"], count: 1 }],
      ["constant_features", { names: ["c"], count: 1 }],
    ]);
    const { values, predict } = await jobs.modelOf(run);
    expect(values({ a: 3, c: 7, e: null })[0]).toBeCloseTo(-1, 3);
    // What was constant has taught nothing: another value counts as the known one, and it is said.
    const other = predict({ a: 3, c: 8, e: null });
    expect(other.predictions).toEqual(predict({ a: 3, c: 7, e: null }).predictions);
    expect(other.warnings).toMatchObject([{ column: "c", code: "out_of_range" }]);
  });

  test("that separates its classes says so, in an event and in the report", async () => {
    const task = { type: "classification", label: "y" } as const;
    const free = await jobs.train(file("perfect-separation.csv"), {
      task,
      model: { type: "logistic" },
      training: exact,
    });
    expect(free.events.filter(({ name }) => name === "separated")).toHaveLength(1);
    const { report } = await jobs.modelOf(free);
    const note = report.notes.find(({ code }) => code === "separated");
    expect(note?.message).toContain('"x" alone tells "no" from the other classes');
    expect(note?.message).toContain("no finite estimate");
    if (report.task !== "classification") throw new Error(report.task);
    expect(report.areaUnderRoc).toMatchObject({ value: 1, upper: 1 });
    expect(report.areaUnderRoc?.lower).toBeLessThan(1);
    expect(report.logLikelihood?.value).toBeLessThanOrEqual(0);
    expect(report.logLikelihood).toMatchObject({ lower: null, upper: null });

    // Where the iterations ended says nothing: no number is given, whether the model was solved or trained.
    expect(report.coefficients?.map(({ estimate }) => estimate)).toEqual([null, null]);
    const solved = await jobs.train(file("perfect-separation.csv"), {
      ...{ task, model: { type: "logistic" } },
      training: { split: exact.split },
    });
    const told = (await jobs.modelOf(solved)).report;
    if (told.task !== "classification") throw new Error(told.task);
    expect(told.solution).toMatchObject({ converged: false });
    expect(told.logLikelihood).toMatchObject({ lower: null, upper: null });
    expect(told.devianceExplained).toMatchObject({ lower: null, upper: null });
    expect(told.inference).toMatchObject({ aic: null, bic: null, covariance: null });
    expect(told.coefficients).toMatchObject([
      { term: "(intercept)", estimate: null, standardError: null, ratio: null },
      { term: "x", estimate: null, standardError: null, ratio: null },
    ]);

    const training = { ...exact, l2: 0.1 };
    const held = await jobs.train(file("perfect-separation.csv"), { task, model: { type: "logistic" }, training });
    expect(held.events.some(({ name }) => name === "separated")).toBe(false);
    const penalised = await jobs.modelOf(held);
    expect(penalised.report.notes.find(({ code }) => code === "separated")?.message).toContain("only the penalty");
    expect("logLikelihood" in penalised.report && penalised.report.logLikelihood?.lower).toBeLessThan(0);
  });

  test("whose classes overlap says nothing of separation", async () => {
    const csv = "x,y\n1,a\n2,a\n3,b\n4,a\n5,b\n6,b\n";
    const task = { type: "classification", label: "y" } as const;
    const run = await jobs.train(csv, { task, model: { type: "logistic" }, training: exact });
    expect((await jobs.modelOf(run)).report.notes.map(({ code }) => code)).not.toContain("separated");
  });

  test("without training rows of a class names it", async () => {
    const csv = `x,y\n${Array.from({ length: 39 }, (_, i) => `${i},${i % 2 === 0 ? "a" : "b"}`).join("\n")}\n39,rare\n`;
    const task = { type: "classification", label: "y" } as const;
    // Of splits drawn from all rows together, one has the rare row in the test split.
    const seeds = Array.from({ length: 40 }, (_, seed) => seed);
    for (const seed of seeds) {
      const training = { split: { validation: 0, test: 0.3, stratify: false }, epochs: 1, seed };
      const { events } = await jobs.train(csv, { task, model: { type: "softmax" }, training });
      const warned = events.find(({ name }) => name === "class_without_rows");
      if (warned === undefined) continue;
      expect(warned).toMatchObject({ level: "warn", data: { names: ["rare"], count: 1 } });
      return;
    }
    throw new Error("no seed put the rare row aside");
  });

  test("that diverges keeps the points before", async () => {
    const csv = `x,y\n${Array.from({ length: 40 }, (_, i) => `${i},${3 * i}`).join("\n")}\n`;
    const optimizer = { type: "sgd", learningRate: 3 } as const;
    const run = await jobs.train(csv, regression({ optimizer, training: { ...exact, epochs: 900 } }));
    expect(run.end).toMatchObject({ type: "failed", error: { code: "diverged" } });
    expect(run.points.length).toBeGreaterThan(3);
    expect(run.points.every(({ trainLoss }) => Number.isFinite(trainLoss))).toBe(true);
  });

  test("with labels near the ends of what numbers hold has a report like any other", async () => {
    const rows = (unit: number): string =>
      `x,y\n${Array.from({ length: 40 }, (_, i) => `${i},${(i + (i % 3)) * unit}`).join("\n")}\n`;
    const reportOf = async (unit: number) => {
      const training = { ...exact, split: { validation: 0, test: 0.3 }, epochs: 300 };
      return (await jobs.modelOf(await jobs.train(rows(unit), regression({ training })))).report;
    };
    const usual = await reportOf(1);
    if (usual.task !== "regression") throw new Error(usual.task);
    for (const unit of [2 ** 256, 2 ** -256]) {
      const report = await reportOf(unit);
      if (report.task !== "regression") throw new Error(report.task);
      expect(report.rootMeanSquaredError.value / unit).toBeCloseTo(usual.rootMeanSquaredError.value, 5);
      expect((report.meanAbsoluteError.upper ?? 0) / unit).toBeCloseTo(usual.meanAbsoluteError.upper ?? 1, 5);
      expect(report.r2?.value).toBeCloseTo(usual.r2?.value ?? 0, 5);
      expect(report.logLikelihood?.value).toBeCloseTo((usual.logLikelihood?.value ?? 0) - Math.log(unit), 3);
    }
  });

  test("whose rate would be infinite refuses that row, and answers the others", async () => {
    const csv = `x,y\n${Array.from({ length: 30 }, (_, i) => `${i / 10},${Math.round(Math.exp(i / 10))}`).join("\n")}\n`;
    const task = { type: "regression", label: "y" } as const;
    const { predict, values } = await jobs.modelOf(
      await jobs.train(csv, { task, model: { type: "poisson" }, training: exact }),
    );
    expect(values({ x: 1 })[0]).toBeCloseTo(Math.E, 0);
    expect(() => predict({ x: 1 }, { x: 1000 })).toThrow(
      "/rows/1: the model's answer is not a finite number; x: 1000 is beyond the training range, 0 to 2.9",
    );
  });

  test("keeps a wild number near the training range where the model is a network, and in its test rows", async () => {
    const csv = `x,y\n${Array.from({ length: 60 }, (_, i) => `${i},${2 * i}`).join("\n")}\n`;
    const run = await jobs.train(csv, regression({ model: { type: "mlp" }, training: { epochs: 200 } }));
    const { model, values, predict } = await jobs.modelOf(run);
    const [feature] = model.preprocessing.features;
    if (feature?.type !== "number" || feature.clip === undefined) throw new Error("the number is held");
    expect(values({ x: 1e6 })).toEqual(values({ x: feature.clip.maximum }));
    expect(predict({ x: 1e6 }).warnings).toMatchObject([{ code: "out_of_range", column: "x" }]);
    expect(values({ x: 1e6 })[0]).toBeLessThan(200);
  });
});
