import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Report } from "../../../../src/domain/models/report.ts";
import { createJobs } from "../../../workers/training/jobs.ts";
import { expectClose, reportOf } from "./fixtures.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const training = { split: { validation: 0, test: 0 } } as const;
const task = { type: "regression", label: "y" } as const;
const places = Array.from({ length: 40 }, (_, i) => ((i * 13) % 40) / 20 - 1);
const csvOf = (labelOf: (x: number, i: number) => number): string =>
  ["x,y", ...places.map((x, i) => `${x},${labelOf(x, i)}`)].join("\n");

describe("a Gamma regression", () => {
  const noisy = (scale: number): string => csvOf((x, i) => scale * Math.exp(1 + x / 2) * (1 + ((i * 7) % 11) / 10));

  test.each([1e200, 1e-200])(
    "of labels about %d says of all but the intercept what it says of those about 1",
    async (scale) => {
      const input = { task, model: { type: "gamma" }, training } as const;
      const { report: plain } = await reportOf(jobs, noisy(1), input);
      const { report } = await reportOf(jobs, noisy(scale), input);
      // It is stored as JSON, which has no infinite numbers.
      expect(Report.safeParse(JSON.parse(JSON.stringify(report))).success).toBe(true);
      const [own, wanted] = [report.inference!, plain.inference!];
      expectClose(own.dispersion, wanted.dispersion!);
      expectClose(own.covariance!.values[1]![1], wanted.covariance!.values[1]![1]!);
      expectClose(own.overall!.statistic, wanted.overall!.statistic);
      expectClose(own.influence!.largest[0]!.cooksDistance, wanted.influence!.largest[0]!.cooksDistance);
      const [slope, other] = [report.coefficients![1]!, plain.coefficients![1]!];
      expectClose(slope.estimate, other.estimate!);
      expectClose(slope.standardError, other.standardError!);
      expectClose(slope.robust!.standardError, other.robust!.standardError);
    },
  );

  test("of huge labels has a learning curve, without the errors whose squares are beyond numbers", async () => {
    const input = { task, model: { type: "gamma" }, training: { learningCurve: { halvings: 1 } } } as const;
    const { report } = await reportOf(jobs, noisy(1e200), input);
    expect(Report.safeParse(JSON.parse(JSON.stringify(report))).success).toBe(true);
    const { points } =
      "learningCurve" in report && report.learningCurve !== null ? report.learningCurve : { points: [] };
    expect(points.map(({ trainRows }) => trainRows)).toEqual([16, 32]);
    for (const { loss, rootMeanSquaredError } of points) {
      expect(Number.isFinite(loss!.value)).toBe(true);
      expect(rootMeanSquaredError).toBeNull();
    }
  });

  test("that passes through its rows has no log-likelihood, and says why", async () => {
    const exact = csvOf((x) => Math.exp(1 + x / 2));
    const { report } = await reportOf(jobs, exact, { task, model: { type: "gamma" }, training });
    if (report.task !== "regression") throw new Error(report.task);
    expect(report.logLikelihood).toBeNull();
    expect(report.notes.map(({ code }) => code)).toContain("no_spread");
  });
});

test("a quantile of labels that all lie on the plane converges to it", async () => {
  const exact = csvOf((x) => 1 + 2 * x);
  const { report } = await reportOf(jobs, exact, { task, model: { type: "quantile" }, training });
  expect(report.solution).toMatchObject({ converged: true });
  const [intercept, slope] = report.coefficients!;
  expectClose(intercept!.estimate, 1, 1e-12);
  expectClose(slope!.estimate, 2, 1e-12);
  const codes = report.notes.map(({ code }) => code);
  expect(codes).toContain("no_spread");
  expect(codes).not.toContain("not_converged");
});

test("counts whose exposures differ by twenty powers of ten have a null model, of a negative binomial as well", async () => {
  const rows = places.map(
    (x, i) => `${x},${i % 5 === 0 ? 9 : i % 3},${(1.5 * 10 ** (((i * 7) % 21) - 10)).toExponential()}`,
  );
  const { report } = await reportOf(jobs, ["x,y,e", ...rows].join("\n"), {
    ...{ task: { ...task, exposure: "e" }, model: { type: "negative_binomial" }, training },
  });
  expect(report.inference!.shape!.name).toBe("theta");
  const { deviance, nullDeviance } = report.trainingFit!;
  expect(nullDeviance).toBeGreaterThan(deviance);
  expect(Report.safeParse(JSON.parse(JSON.stringify(report))).success).toBe(true);
});

describe("a column of numbers that are hardly above 0", () => {
  const csv = (scale: number): string =>
    ["x,y", ...places.map((x, i) => `${(scale * (x + 2)).toExponential()},${x + ((i * 7) % 11) / 5}`)].join("\n");
  const input = { task, model: { type: "linear" }, training } as const;

  test("has a report without the squares that are beyond numbers", async () => {
    const { report } = await reportOf(jobs, csv(1e-200), input);
    expect(Report.safeParse(JSON.parse(JSON.stringify(report))).success).toBe(true);
    expect(report.inference).toMatchObject({ covariance: null, influence: null });
    expect(report).toMatchObject({ conformal: null });
  });

  test("is refused with the remedy where it cannot be scaled", async () => {
    const { end } = await jobs.train(csv(1e-320), input);
    const message = expect.stringMatching(/"x" are too close to each other to be standardised; rescale them/);
    expect(end).toMatchObject({ type: "failed", error: { code: "data", message } });
  });
});
