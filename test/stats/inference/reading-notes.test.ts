import { afterAll, beforeAll, expect, test } from "vitest";
import { createJobs } from "../../workers/training/jobs.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const reported = async (
  head: string,
  rows: readonly (readonly number[])[],
  task: object,
  model: string,
  more: object = {},
) => {
  const csv = `${head}\n${rows.map((row) => row.join(",")).join("\n")}\n`;
  const training = { split: { validation: 0, test: 0 }, ...more };
  const run = await jobs.train(csv, { task: task as never, model: { type: model } as never, training });
  const { report } = await jobs.modelOf(run);
  if (report.task !== "regression" && report.task !== "classification") throw new Error(report.task);
  return { report, codes: report.notes.map(({ code }) => code) };
};
const y = { type: "regression", label: "y" };

test("Poisson's errors come with a note where counts vary more: R 4.2's Pearson χ² over its degrees is 14.5039", async () => {
  const x = (i: number): number => (i % 12) / 6 - 1;
  const rows = Array.from({ length: 120 }, (_, i) => {
    const count = ((i * 7) % 5) ** 2 * ((i % 3) + 1) + Math.floor((i % 12) / 4);
    return [x(i), count] as const;
  });
  const { report, codes } = await reported("x,y", rows, y, "poisson");
  expect(codes).toContain("overdispersed");
  expect(report.inference!.dispersion).toBeCloseTo(14.5039, 4);
  // The quantiles of Poisson's distribution themselves vary as it does.
  const spread = Array.from({ length: 120 }, (_, i) => [x(i), [1, 1, 0, 2, 1, 3, 0, 2, 1, 0][(i * 3) % 10]!] as const);
  expect((await reported("x,y", spread, y, "poisson")).codes).not.toContain("overdispersed");
  expect((await reported("x,y", rows, y, "negative_binomial")).codes).not.toContain("overdispersed");
});

test("columns that others nearly tell are named: R's 1/(1 − R²) of a on b is 495001", async () => {
  const rowsOf = (noise: number) =>
    Array.from({ length: 120 }, (_, i) => {
      const a = i % 10;
      return [a, 2 * a + noise * (((i * 7) % 3) - 1), 1 + a + ((i * 11) % 7) / 7];
    });
  const { report, codes } = await reported("a,b,y", rowsOf(0.01), y, "linear");
  expect(codes).toContain("nearly_collinear");
  expect(report.coefficients![1]!.varianceInflation! / 495001).toBeCloseTo(1, 6);
  expect((await reported("a,b,y", rowsOf(1), y, "linear")).codes).not.toContain("nearly_collinear");
});

test("of rows that are separated there is no dispersion, and no other excuse for that", async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [i + ((i * 7) % 5) / 10, i < 20 ? 0 : 1]);
  const { report, codes } = await reported("x,y", rows, { type: "classification", label: "y" }, "logistic");
  expect(codes).toContain("separated");
  expect(codes).not.toContain("not_finite");
  expect(report.inference!.dispersion).toBeNull();
});

test("a coefficient of one row, and errors by few clusters, are told of", async () => {
  // R's hatvalues of the twelfth row is 1, its vcovHC of type HC3 NaN.
  const rows = Array.from({ length: 24 }, (_, i) => [i === 11 ? 1 : 0, (i * 5) % 7, (i * 7) % 11]);
  const alone = await reported("only,x,y", rows, y, "linear");
  expect(alone.codes).toContain("leverage_one");
  expect(alone.report.notes.find(({ code }) => code === "leverage_one")!.message).toContain("rows 11 of");
  expect(alone.report.coefficients!.map(({ robust }) => robust)).toEqual([null, null, null]);
  expect(alone.report.inference!.influence!.largest.map(({ row }) => row)).not.toContain(11);
  const byCluster = (clusters: number) =>
    reported(
      "k,x,y",
      Array.from({ length: 160 }, (_, i) => [i % clusters, (i * 5) % 7, (i * 7) % 11]),
      { ...y, features: ["x"] },
      "linear",
      { clusterBy: "k" },
    );
  for (const [clusters, told] of [
    [1, true],
    [5, true],
    [40, false],
  ] as const) {
    const { report, codes } = await byCluster(clusters);
    expect(codes.includes("few_clusters")).toBe(told);
    expect(report.coefficients![1]!.clustered === null).toBe(clusters === 1);
    expect(codes).not.toContain("leverage_one");
  }
});
