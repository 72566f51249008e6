import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createJobs } from "../../../workers/training/jobs.ts";
import { expectClose, fixtures, glmCsv, reportOf } from "./fixtures.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const allRows = { split: { validation: 0, test: 0 } } as const;
const labels = { linear: "number", logistic: "binary", poisson: "count" } as const;

describe("a weighted model that is solved says what R says of prior weights:", () => {
  test.each(["linear", "logistic", "poisson"] as const)("%s regression", async (type) => {
    const fixture = fixtures.weighted[type];
    const { report } = await reportOf(jobs, glmCsv, {
      task: {
        ...{ type: type === "logistic" ? "classification" : "regression", label: labels[type] },
        ...{ features: ["x", "z", "g"], weight: "weight" },
      },
      ...{ model: { type }, training: allRows },
    });
    expect(report.solution).toMatchObject({ converged: true });
    for (const [i, { estimate, standardError, robust }] of report.coefficients!.entries()) {
      expectClose(estimate, fixture.estimates[i]!);
      expectClose(standardError, fixture.errors[i]!);
      expectClose(robust?.standardError, fixture.robust[i]!);
    }
    const { inference, trainingFit, weights } = report;
    expect(inference).toMatchObject({ rows: 157, residualDegrees: fixture.residualDegrees });
    expectClose(inference!.dispersion, fixture.dispersion);
    // R's binomial takes weights for numbers of trials, rounded, in its likelihood alone; its deviance does not.
    const logLikelihood = type === "logistic" ? -fixture.deviance / 2 : fixture.logLikelihood;
    expectClose(inference!.aic, type === "logistic" ? fixture.deviance + 10 : fixture.aic);
    expectClose(trainingFit!.logLikelihood, logLikelihood);
    expectClose(trainingFit!.deviance, fixture.deviance);
    expectClose(trainingFit!.nullDeviance, fixture.nullDeviance);
    expect(report.rows).toBe(157);
    expect(weights).toMatchObject({ column: "weight", leftOut: 3 });
    expect(weights!.effectiveRows).toBeLessThan(120);
  });
});

test("integer weights are as many rows: figures of the report, by iterations too", async () => {
  // Each pair of a and b has each weight once, so that the inputs are standardised alike.
  const rows = Array.from({ length: 80 }, (_, i) => ({ a: i % 5, b: Math.floor(i / 5) % 4, n: Math.floor(i / 20) }));
  const line = ({ a, b, n }: (typeof rows)[number], weight: number): string =>
    `${a},${b},${2 * a + b + ((3 * a + 5 * b + 7 * n) % 6) > 8 ? "yes" : "no"},${weight}`;
  const csvOf = (lines: readonly string[]): string => `a,b,y,n\n${lines.join("\n")}\n`;
  const weighted = csvOf(rows.map((row) => line(row, row.n)));
  const repeated = csvOf(rows.flatMap((row) => new Array<string>(row.n).fill(line(row, 1))));
  const training = { ...allRows, epochs: 60, batchSize: "full", l2: 0.01 } as const;
  const input = { model: { type: "logistic" }, training } as const;
  const task = { type: "classification" as const, label: "y", features: ["a", "b"] };
  const one = await reportOf(jobs, weighted, { ...input, task: { ...task, weight: "n" } });
  const other = await reportOf(jobs, repeated, { ...input, task });
  if (one.report.task !== "classification" || other.report.task !== "classification") throw new Error("classes");
  expect(one.report.rows).toBe(60);
  expect(one.report.solution).toBeNull();
  for (const figure of ["accuracy", "brier", "areaUnderRoc", "logLikelihood", "devianceExplained"] as const)
    expectClose(one.report[figure]!.value, other.report[figure]!.value, 1e-4);
  expectClose(one.report.operating!.averagePrecision, other.report.operating!.averagePrecision, 1e-4);
  expectClose(one.report.baselineAccuracy, other.report.baselineAccuracy, 1e-9);
  expectClose(one.model.metrics.trainLoss, other.model.metrics.trainLoss!, 1e-4);
  expectClose(one.model.metrics.trainAccuracy, other.model.metrics.trainAccuracy!, 1e-6);
  for (const [i, { estimate }] of one.report.coefficients!.entries())
    expectClose(estimate, other.report.coefficients![i]!.estimate!, 1e-3);
});
