import { describe, expect, it } from "vitest";
import { Report } from "../../src/domain/models/report.ts";
import { reportClusters, reportReconstruction } from "../../src/stats/unsupervised-report.ts";

describe("the reports of unsupervised models", () => {
  it("count clusters on both splits", () => {
    const report = reportClusters({
      ...{ task: "clustering", split: "test", k: 3, logDensities: null, weights: null, criteria: [] },
      ...{ assignments: Int32Array.of(0, 2), trainAssignments: Int32Array.of(0, 0, 1, 2, 2, 2) },
      ...{ distances: Float64Array.of(1, 3), notes: [] },
      examined: { stability: null, jaccards: [0.9, 0.4], silhouettes: [0.5, null], columns: [] },
    });
    expect(report.clusters.map(({ stability, silhouette }) => [stability, silhouette])).toEqual([
      [0.9, 0.5],
      [0.4, null],
      [null, null],
    ]);
    expect(report.clusters.map(({ trainRows, rows }) => [trainRows, rows])).toEqual([
      [2, 1],
      [1, 0],
      [3, 1],
    ]);
    expect(report.meanDistance?.value).toBe(2);
    expect(report.notes).toEqual([]);
    expect(Report.parse(report)).toEqual(report);
  });

  it("say how many of the clusters have no row", () => {
    const { notes, clusters } = reportClusters({
      ...{ task: "clustering", split: "test", k: 3, logDensities: null, weights: null, criteria: [] },
      ...{ assignments: Int32Array.of(0, 0), trainAssignments: Int32Array.of(0, 0, 0) },
      ...{ distances: Float64Array.of(0, 0), notes: [] },
      examined: { stability: null, jaccards: [], silhouettes: [], columns: [] },
    });
    expect(clusters.map(({ trainRows }) => trainRows)).toEqual([3, 0, 0]);
    expect(notes.map(({ code }) => code)).toEqual(["empty_clusters"]);
    expect(notes[0]!.message).toContain("2 of the 3 clusters have no training row");
  });

  it("give a mixture's log-likelihood no interval by so few rows that it would reach beyond every density", () => {
    const of = (rows: number) =>
      reportClusters({
        ...{ task: "density_estimation", split: "test", k: 2, weights: Float64Array.of(0.5, 0.5), criteria: [] },
        ...{
          assignments: new Int32Array(rows),
          trainAssignments: Int32Array.of(0, 0, 1, 1),
          distances: null,
          notes: [],
        },
        logDensities: Float64Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? -4 : -1.7e6)),
        examined: { stability: null, jaccards: [], silhouettes: [], columns: [] },
      });
    const few = of(8);
    expect(few.logLikelihood).toEqual({ value: -850_002, lower: null, upper: null });
    expect(few.notes.map(({ code }) => code)).toEqual(["too_few_rows"]);
    expect(few.notes[0]!.message).toContain("the test split has 8 rows");
    expect(Report.parse(few)).toEqual(few);
    expect(of(9).notes).toEqual([]);
    expect(of(9).logLikelihood!.lower).toBeLessThan(-850_002);
    expect(of(1).notes.map(({ code }) => code)).toEqual(["too_few_rows"]);
  });

  it("tell which reconstruction errors are unusual", () => {
    const report = reportReconstruction(
      "test",
      Float64Array.from({ length: 101 }, (_, i) => i),
    );
    expect(report.quantiles.map(({ value }) => value)).toEqual([50, 75, 90, 95, 99]);
    expect(Report.parse(report)).toEqual(report);
  });
});
