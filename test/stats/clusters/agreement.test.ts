import { expect, test } from "vitest";
import { adjustedRand, jaccards } from "../../../src/stats/clusters/agreement.ts";
import { silhouettesOf, tellingColumns } from "../../../src/stats/clusters/separation-of-clusters.ts";

test("the adjusted Rand index is scikit-learn's, 1 for the same division under other numbers", () => {
  const a = [0, 0, 1, 1, 2, 2, 2, 0];
  // sklearn.metrics.adjusted_rand_score, 1.2.
  expect(adjustedRand(a, [1, 1, 0, 0, 0, 2, 2, 1], [3, 3])).toBeCloseTo(0.6190476190476191, 12);
  expect(adjustedRand(a, [2, 2, 0, 0, 1, 1, 1, 2], [3, 3])).toBe(1);
  expect(adjustedRand([0, 0, 0], [0, 0, 0], [1, 1])).toBe(1);
});

test("each cluster is compared with the most similar one of the other division", () => {
  // {0, 1, 7} is found whole; of {2, 3} and {4, 5, 6} a row has changed places; nobody is in the fourth.
  expect(jaccards([0, 0, 1, 1, 2, 2, 2, 0], [1, 1, 0, 0, 0, 2, 2, 1], [4, 3])).toEqual([1, 2 / 3, 2 / 3, null]);
});

const values = [0, 0, 1, 0, 0, 1, 5, 5, 6, 5, 9, 0, 9, 1, 2, 2];
const assignments = [0, 0, 0, 1, 1, 2, 2, 1];

test("silhouettes are scikit-learn's, averaged by cluster; none where there is one cluster", () => {
  const found = silhouettesOf({ values, inputs: 2, assignments, k: 4 });
  // sklearn.metrics.silhouette_samples, 1.2.
  const expected = [0.7905416018139304, 0.17930126574782954, 0.8385205576897881];
  for (const [k, value] of expected.entries()) expect(found[k]).toBeCloseTo(value, 12);
  expect(found[3]).toBeNull();
  expect(silhouettesOf({ values, inputs: 2, assignments: assignments.map(() => 0), k: 1 })).toEqual([null]);
});

test("columns tell by the share of their variance between the clusters, over all inputs of a column", () => {
  // a: 0 or 1 by the cluster; b: the same in both; c: two inputs, of which one tells.
  const rows = [
    [0, 3, 0, 1],
    [0, 5, 0, 2],
    [1, 3, 4, 1],
    [1, 5, 4, 2],
  ];
  const places = [
    { column: "b", first: 1, width: 1 },
    { column: "c", first: 2, width: 2 },
    { column: "a", first: 0, width: 1 },
  ];
  const told = tellingColumns({ values: rows.flat(), inputs: 4, assignments: [0, 0, 1, 1], k: 2 }, places);
  // Of c 16 of 17 lie between: Σ (0, 0, 4, 4) = 16 and (1, 2, 1, 2) = 1.
  expect(told).toEqual([
    { column: "a", between: 1 },
    { column: "c", between: 16 / 17 },
    { column: "b", between: 0 },
  ]);
});
