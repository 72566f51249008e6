import { describe, expect, test } from "vitest";
import type { ClusteringReport } from "../../src/domain/models/report.ts";
import { factsOf } from "../../src/web/page/views/report-facts.ts";

const clustering: ClusteringReport = {
  task: "clustering",
  split: "test",
  rows: 36,
  distribution: null,
  logLikelihood: null,
  notes: [],
  meanDistance: { value: 1.5, lower: null, upper: null },
  k: 2,
  criteria: [],
  clusters: [
    { trainRows: 100, rows: 20, weight: null, stability: null, silhouette: null },
    { trainRows: 42, rows: 16, weight: null, stability: null, silhouette: null },
  ],
  stability: null,
  columns: [],
};
const factOf = (report: ClusteringReport, name: string) => factsOf(report).find(([key]) => key === name)?.[1];

describe("the page's report of a clustering", () => {
  test("counts the rows of the split that it names, and calls the training rows training rows", () => {
    expect(factOf(clustering, "Rows of each")).toBe("20, 16");
    expect(factOf(clustering, "Training rows of each")).toBe("100, 42");
    expect(factOf({ ...clustering, split: "train" }, "Training rows of each")).toBeNull();
  });

  test("shows a value without an interval where there is none", () => {
    expect(factOf(clustering, "Distance from the centroid")).toBe("1.5");
  });
});
