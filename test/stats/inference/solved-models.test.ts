import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { createJobs } from "../../workers/training/jobs.ts";

interface Fixture {
  terms: string[];
  estimates: number[];
  errors: number[];
  pValues: number[];
  lower: number[];
  upper: number[];
  covariance: number[][];
  robust: number[];
  clustered: number[];
  leverage: number[];
  cooks: number[];
  inflations?: number[];
  overall?: [number, number];
  dispersion: number;
  deviance?: number;
  nullDeviance?: number;
  logLikelihood: number;
  aic: number;
  tests: Record<string, [number, number, number]>;
}
interface Fixtures {
  models: Record<"linear" | "logistic" | "poisson", Fixture>;
  diabetes: { estimates: number[]; errors: number[]; r2: number };
}
const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
// statsmodels 0.13: see inference-fixtures.py.
const { models, diabetes }: Fixtures = JSON.parse(read("inference-fixtures.json"));

const expectClose = (value: number | null | undefined, wanted: number, relative = 1e-7): void => {
  if (value === null || value === undefined) throw new Error(`no value where ${wanted} is wanted`);
  expect(Math.abs(value - wanted)).toBeLessThanOrEqual(relative * Math.max(Math.abs(wanted), 1e-4));
};

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const allRows = { split: { validation: 0, test: 0 } } as const;
const reportOf = async (csv: string, input: Omit<JobSpecInput, "dataset">) => {
  const run = await jobs.train(csv, input);
  const { report, model } = await jobs.modelOf(run);
  if (report.task !== "regression" && report.task !== "classification") throw new Error(report.task);
  return { run, report, model };
};

describe("a solved model says what statsmodels says:", () => {
  const labels = { linear: "number", logistic: "binary", poisson: "count" } as const;

  test.each(["linear", "logistic", "poisson"] as const)("%s regression", async (type) => {
    const fixture = models[type];
    const { report, run } = await reportOf(read("inference.csv"), {
      task: {
        type: type === "logistic" ? "classification" : "regression",
        label: labels[type],
        features: ["x", "z", "g"],
      },
      model: { type },
      training: { ...allRows, clusterBy: "site" },
    });
    expect(report.notes.map(({ code }) => code)).not.toContain("penalised");
    expect(report.solution).toMatchObject({ solver: "exact", converged: true, l2: 0, rank: 5, columns: 5 });
    expect(run.events.find(({ name }) => name === "solved")?.message).toMatch(/solved by QR|converged after \d+ iter/);
    const own = report.coefficients!;
    expect(own.map(({ term }) => term)).toEqual(fixture.terms);
    for (const [i, coefficient] of own.entries()) {
      expectClose(coefficient.estimate, fixture.estimates[i]!);
      expectClose(coefficient.standardError, fixture.errors[i]!);
      expectClose(coefficient.pValue, fixture.pValues[i]!, 1e-6);
      expectClose(coefficient.lower, fixture.lower[i]!);
      expectClose(coefficient.upper, fixture.upper[i]!);
      expectClose(coefficient.robust?.standardError, fixture.robust[i]!);
      expectClose(coefficient.clustered?.standardError, fixture.clustered[i]!);
      if (i > 0 && fixture.inflations) expectClose(coefficient.varianceInflation, fixture.inflations[i - 1]!);
      if (i > 0 && type !== "linear") expectClose(coefficient.ratio?.value, Math.exp(fixture.estimates[i]!));
    }
    const inference = report.inference!;
    for (const [i, row] of fixture.covariance.entries())
      for (const [j, value] of row.entries()) expectClose(inference.covariance!.values[i]![j], value);
    expectClose(report.trainingFit!.logLikelihood, fixture.logLikelihood);
    expectClose(inference.aic, fixture.aic);
    expectClose(inference.dispersion, fixture.dispersion);
    if (fixture.deviance !== undefined) expectClose(report.trainingFit!.deviance, fixture.deviance);
    if (fixture.nullDeviance !== undefined) expectClose(report.trainingFit!.nullDeviance, fixture.nullDeviance);
    if (fixture.overall !== undefined) {
      expectClose(inference.overall?.statistic, fixture.overall[0]);
      expectClose(inference.overall?.pValue, fixture.overall[1]);
    }
    expect(inference.features.map(({ feature }) => feature)).toEqual(["x", "z", "g"]);
    for (const { feature, statistic, pValue, degrees } of inference.features) {
      const [wantedStatistic, wantedP, wantedDegrees] = fixture.tests[feature]!;
      expectClose(statistic, wantedStatistic);
      expectClose(pValue, wantedP, 1e-6);
      expect(degrees).toBe(wantedDegrees);
    }
    expect(inference.clusters).toEqual({ column: "site", clusters: 20 });
    const largest = [...fixture.cooks.keys()].sort((a, b) => fixture.cooks[b]! - fixture.cooks[a]!).slice(0, 10);
    expect(inference.influence!.largest.map(({ row }) => row)).toEqual(largest);
    for (const { row, leverage, cooksDistance } of inference.influence!.largest) {
      expectClose(leverage, fixture.leverage[row]!);
      expectClose(cooksDistance, fixture.cooks[row]!);
    }
  });

  test("diabetes by ordinary least squares, by default, to ten digits", async () => {
    const { report } = await reportOf(readFileSync(new URL("../../data/diabetes.csv", import.meta.url), "utf8"), {
      task: { type: "regression", label: "progression" },
      model: { type: "linear" },
      training: allRows,
    });
    for (const [i, { estimate, standardError }] of report.coefficients!.entries()) {
      expectClose(estimate, diabetes.estimates[i]!, 1e-10);
      expectClose(standardError, diabetes.errors[i]!, 1e-10);
    }
    if (report.task !== "regression") throw new Error(report.task);
    expectClose(report.r2?.value, diabetes.r2, 1e-10);
  });
});

test("columns far from 0 for their range keep their digits: all but the intercept is that of the same columns at 0", async () => {
  const offsets = { x: 1e15, year: -5e13 };
  const cells = Array.from({ length: 60 }, (_, i) => {
    const [x, year] = [(i * 37) % 61, (i * i) % 53];
    return { x, year, g: ["a", "b", "c"][i % 3]!, y: 2 + 3 * x - 0.5 * year + Math.sin(i) };
  });
  const csvOf = (at: typeof offsets): string =>
    `x,year,g,y\n${cells.map(({ x, year, g, y }) => `${x + at.x},${year + at.year},${g},${y}`).join("\n")}\n`;
  const fit = { task: { type: "regression", label: "y" }, model: { type: "linear" }, training: allRows } as const;
  const [near, far] = await Promise.all([reportOf(csvOf({ x: 0, year: 0 }), fit), reportOf(csvOf(offsets), fit)]);
  const slopes = ({ report }: typeof near) => report.coefficients!.slice(1);
  for (const [i, wanted] of slopes(near).entries()) {
    const own = slopes(far)[i]!;
    expectClose(own.estimate, wanted.estimate!, 1e-11);
    expectClose(own.standardError, wanted.standardError!, 1e-11);
    expectClose(own.robust?.standardError, wanted.robust!.standardError, 1e-11);
    expectClose(own.varianceInflation, wanted.varianceInflation!, 1e-11);
    expect(own.varianceInflation).toBeGreaterThanOrEqual(1);
  }
  expectClose(far.report.trainingFit?.deviance, near.report.trainingFit!.deviance, 1e-11);
  const influence = ({ report }: typeof near) => report.inference!.influence!.largest;
  for (const [i, { row, cooksDistance }] of influence(near).entries()) {
    expect(influence(far)[i]!.row).toBe(row);
    expectClose(influence(far)[i]!.cooksDistance, cooksDistance, 1e-9);
  }
  const byTerm = (term: string) => near.report.coefficients!.find((own) => own.term === term)!.estimate!;
  const intercept = byTerm("(intercept)") - 1e15 * byTerm("x") + 5e13 * byTerm("year");
  expectClose(far.report.coefficients![0]!.estimate, intercept, 1e-11);
  // What the stored model says is what the solved one said.
  const said = async ({ run }: typeof near, at: typeof offsets): Promise<number> =>
    (await jobs.modelOf(run)).values({ x: 10 + at.x, year: 2 + at.year, g: "a" })[0]!;
  expectClose(await said(far, offsets), await said(near, { x: 0, year: 0 }), 1e-5);
});
