import { afterAll, beforeAll, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import type { ClusteringReport } from "../../../../src/domain/models/report.ts";
import { createRandomStream } from "../../../../src/engine/kernels/philox.ts";
import { createJobs } from "../jobs.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

/** Three groups far apart in x and y; noise and kind say nothing of them. */
const { uniform } = createRandomStream({ seedLow: 3, seedHigh: 0, purpose: 1, index: 0 });
const groups = [
  [0, 0],
  [10, 0],
  [0, 10],
] as const;
const csv = [
  "x,y,noise,kind",
  ...Array.from({ length: 150 }, (_, i) => {
    const [x, y] = groups[i % 3]!;
    return [x + uniform(), y + uniform(), uniform(), i % 2 === 0 ? "a" : "b"].map(String).join(",");
  }),
].join("\n");

const reportOf = async (model: JobSpecInput["model"], task: JobSpecInput["task"] = { type: "clustering" }) => {
  const features = { ...task, features: ["x", "y", "noise"] } as JobSpecInput["task"];
  const run = await jobs.train(csv, { task: features, model });
  return { run, report: (await jobs.modelOf(run)).report as ClusteringReport };
};

test("clusters that are there are found again in halves of the rows, and the columns that tell them apart come first", async () => {
  const { run, report } = await reportOf({ type: "k_means", clusters: 3 });
  expect(report.stability).toMatchObject({ resamples: 20 });
  expect(report.stability!.adjustedRand).toBeCloseTo(1, 9);
  for (const { stability, silhouette } of report.clusters) {
    expect(stability).toBeCloseTo(1, 9);
    expect(silhouette).toBeGreaterThan(0.5);
  }
  expect(report.columns.map(({ column }) => column).slice(2)).toEqual(["noise"]);
  expect(report.columns[1]!.between).toBeGreaterThan(0.9);
  expect(report.columns[2]!.between).toBeLessThan(0.2);
  // The same job, the same report.
  const again = await jobs.trainOn(run.dataset, run.spec as Omit<JobSpecInput, "dataset">);
  expect((await jobs.modelOf(again)).report).toEqual(report);
});

test("of more clusters than there are some are an accident of the rows", async () => {
  const { report } = await reportOf({ type: "k_means", clusters: 7 });
  expect(report.stability!.adjustedRand).toBeLessThan(0.95);
  expect(Math.min(...report.clusters.map(({ stability }) => stability!))).toBeLessThan(0.75);
});

test("k-means behind a logarithm is that of the logarithms", async () => {
  const sizes = Array.from({ length: 90 }, (_, i) => [Math.exp(4 * uniform() + (i % 3)), uniform() + (i % 2)]);
  const run = async (of: (x: number) => number, preprocessing?: JobSpecInput["preprocessing"]) => {
    const rows = sizes.map(([x, y]) => `${of(x!)},${y}`).join("\n");
    const task = { type: "clustering" } as const;
    const trained = await jobs.train(`x,y\n${rows}\n`, {
      ...{ task, model: { type: "k_means", clusters: 3 } },
      ...(preprocessing && { preprocessing }),
    });
    const { model, report } = await jobs.modelOf(trained);
    return { report: report as ClusteringReport, features: model.preprocessing.features };
  };
  const bent = await run((x) => x, { images: "standardize", columns: { x: { logarithm: true } } });
  expect(bent.features[0]).toMatchObject({ logShift: 0 });
  const straight = await run(Math.log);
  expect(bent.report.clusters.map(({ rows }) => rows)).toEqual(straight.report.clusters.map(({ rows }) => rows));
  expect(bent.report.meanDistance!.value).toBeCloseTo(straight.report.meanDistance!.value, 6);
});

test("mixtures are examined too; one cluster is not resampled, and has no silhouette", async () => {
  const density = { type: "density_estimation" } as const;
  const mixture = await reportOf({ type: "gaussian_mixture", components: 3, covariance: "diagonal" }, density);
  expect(mixture.report.stability!.adjustedRand).toBeGreaterThan(0.95);
  // As many clusters as half of the rows are planned and fitted as ever, and not resampled.
  const small = await jobs.train(csv.split("\n").slice(0, 31).join("\n"), {
    task: { type: "clustering", features: ["x", "y"] },
    model: { type: "k_means", clusters: { from: 2, to: 20 } },
  });
  expect((await jobs.modelOf(small)).report).toMatchObject({ split: "test" });
  const one = await reportOf({ type: "k_means", clusters: 1 });
  expect(one.report).toMatchObject({ stability: null, clusters: [{ stability: null, silhouette: null }] });
});
