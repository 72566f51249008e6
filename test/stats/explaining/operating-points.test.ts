import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { countScores, describeOperating } from "../../../src/stats/explaining/operating-points.ts";

// scikit-learn 1.2: see explained-fixtures.py.
const fixture: {
  truths: number[];
  scores: number[];
  roc: { fpr: number[]; tpr: number[]; thresholds: number[] };
  pr: { precision: number[]; recall: number[]; thresholds: number[] };
  averagePrecision: number;
} = JSON.parse(readFileSync(new URL("explained-fixtures.json", import.meta.url), "utf8"));

test("ROC, precision and recall at every threshold are scikit-learn's, and F1 and cost follow from their counts", () => {
  const { truths, scores, roc, pr } = fixture;
  const found = describeOperating(
    "b",
    countScores(Float64Array.from(scores), (row) => truths[row] === 1),
  )!;
  expect(found.points.map(({ threshold }) => threshold)).toEqual(roc.thresholds);
  expect(found.points.map(({ falsePositiveRate }) => falsePositiveRate)).toEqual(roc.fpr);
  expect(found.points.map(({ truePositiveRate }) => truePositiveRate)).toEqual(roc.tpr);
  expect(found.points.map(({ threshold }) => threshold)).toEqual(pr.thresholds);
  for (const [i, { precision, truePositiveRate }] of found.points.entries()) {
    expect(precision).toBeCloseTo(pr.precision[i]!, 12);
    expect(truePositiveRate).toBeCloseTo(pr.recall[i]!, 12);
  }
  expect(found.averagePrecision).toBeCloseTo(fixture.averagePrecision, 12);
  for (const point of found.points) {
    const { truePositives, falsePositives, falseNegatives, trueNegatives, precision, truePositiveRate: recall } = point;
    expect(truePositives + falsePositives + falseNegatives + trueNegatives).toBe(60);
    expect(point.f1).toBeCloseTo(truePositives === 0 ? 0 : (2 * precision * recall) / (precision + recall), 12);
    expect(point.cost).toBe((falsePositives + falseNegatives) / 60);
  }
  const at = (threshold: number) => found.points.find((point) => point.threshold === threshold)!;
  expect(at(found.bestF1).f1).toBe(Math.max(...found.points.map(({ f1 }) => f1)));
  expect(at(found.leastCost).cost).toBe(Math.min(...found.points.map(({ cost }) => cost)));
});

test("of many thresholds two hundred are shown, the best among them; of one class there are none", () => {
  const scores = Float64Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 5003) / 5003);
  const found = describeOperating(
    "b",
    countScores(scores, (row) => scores[row]! > 0.37),
  )!;
  expect(found).toMatchObject({ thresholds: 5000, averagePrecision: 1 });
  expect(found.points.length).toBeLessThanOrEqual(200);
  expect(found.points.find(({ threshold }) => threshold === found.bestF1)).toMatchObject({ f1: 1, cost: 0 });
  expect(
    describeOperating(
      "b",
      countScores(scores, () => true),
    ),
  ).toBeNull();
});
