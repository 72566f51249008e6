import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignRows, type LloydWork, moveCentroids } from "../../../../src/engine/cluster/k-means/lloyd.ts";
import type { Points } from "../../../../src/engine/cluster/points.ts";
import { createClusterPredictor } from "../../../../src/engine/cluster/predict-clusters.ts";
import { tableOf } from "../../../../src/engine/tensor/table.ts";
import { blobs, fitPoints, iris, recorded, rowWork, toSpec } from "../iris.ts";

const workFor = (rows: number, k: number, columns: number): LloydWork => ({
  ...rowWork(k, columns),
  assignments: new Int32Array(rows),
  distances: new Float64Array(rows),
  sums: new Float64Array(k * columns),
  counts: new Int32Array(k),
});

const kMeans = (clusters: number | { from: number; to: number }, restarts = 20) =>
  toSpec({ type: "k_means", clusters, restarts });

describe("k-means", () => {
  it("ends where scikit-learn ends from the same start", () => {
    const work = workFor(iris.rows, 3, iris.columns);
    const centroids = Float64Array.from(recorded.kMeans.start);
    let inertia = assignRows(iris, 3, centroids, work);
    while (moveCentroids(iris, 3, centroids, work).moved) inertia = assignRows(iris, 3, centroids, work);
    expect(inertia).toBeCloseTo(recorded.kMeans.inertia, 9);
    expect([...work.assignments]).toEqual(recorded.kMeans.labels);
    for (const [i, value] of centroids.entries()) expect(value).toBeCloseTo(recorded.kMeans.centroids[i]!, 12);
  });

  it.each(recorded.best)(
    "finds scikit-learn's best inertia and its silhouette for k = $k",
    async ({ k, inertia, silhouette }) => {
      const { metrics, tensors } = await fitPoints(kMeans(k, 300), iris);
      expect(metrics.inertia).toBeCloseTo(inertia, 6);
      expect(metrics.silhouette).toBeCloseTo(silhouette, 9);
      expect(tensors.map(({ name, shape }) => ({ name, shape }))).toEqual([{ name: "centroids", shape: [k, 4] }]);
    },
  );

  it("chooses the number of blobs from a range by the silhouette", async () => {
    const points = blobs(
      [
        [0, 0],
        [6, 0],
        [0, 6],
        [6, 6],
        [3, 12],
      ],
      40,
      0.5,
    );
    const evaluated: unknown[] = [];
    const onEvent = (event: { type: string; data: object }) =>
      event.type === "k_evaluated" && evaluated.push(event.data);
    const { metrics } = await fitPoints(kMeans({ from: 1, to: 8 }, 5), points, { onEvent });
    expect(metrics.k).toBe(5);
    expect(evaluated).toHaveLength(8);
  });

  it("never raises the inertia, from any start", () => {
    const arbitrary = fc.record({
      rows: fc.integer({ min: 2, max: 40 }),
      columns: fc.integer({ min: 1, max: 4 }),
      k: fc.integer({ min: 1, max: 6 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ rows, columns, k, seed }) => {
        const points = blobs([new Array<number>(columns).fill(0)], rows, 1, seed);
        const work = workFor(rows, k, columns);
        const centroids = Float64Array.from(
          { length: k * columns },
          (_, i) => points.values[i % points.values.length]!,
        );
        let inertia = assignRows(points, k, centroids, work);
        for (let step = 0; step < 30 && moveCentroids(points, k, centroids, work).moved; step++) {
          const next = assignRows(points, k, centroids, work);
          expect(next).toBeLessThanOrEqual(inertia * (1 + 1e-12));
          inertia = next;
        }
      }),
    );
  });

  it("gives an empty cluster the row that is farthest from its centroid", () => {
    const points: Points = tableOf(Float32Array.of(0, 1, 2, 50), 1);
    const work = workFor(4, 2, 1);
    const centroids = Float64Array.of(1, 1000);
    assignRows(points, 2, centroids, work);
    expect(moveCentroids(points, 2, centroids, work)).toEqual({ moved: true, empty: 0 });
    expect([...centroids]).toEqual([1, 50]);
  });

  it("says so when there are fewer distinct rows than clusters", async () => {
    const points: Points = tableOf(Float32Array.of(1, 1, 2, 2), 1);
    const events: string[] = [];
    const { metrics } = await fitPoints(kMeans(3, 1), points, { onEvent: ({ type }) => events.push(type) });
    expect(metrics.inertia).toBe(0);
    expect(events).toContain("empty_clusters");
  });

  it("assigns rows to the nearest centroid and reports all distances", () => {
    const tensors = [{ name: "centroids", shape: [2, 2], values: Float64Array.of(0, 0, 3, 4) }];
    const prediction = createClusterPredictor({ model: "k_means", tensors })(tableOf(Float32Array.of(0, 0, 3, 3), 2));
    expect(prediction).toEqual({
      model: "k_means",
      k: 2,
      assignments: Int32Array.of(0, 1),
      distances: Float64Array.of(0, 5, Math.sqrt(18), 1),
    });
  });
});
