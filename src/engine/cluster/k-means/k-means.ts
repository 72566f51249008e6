import type { ClusteringAlgorithm, Evaluation } from "../algorithm.ts";
import type { Workspace } from "../workspace.ts";
import { startCentroids } from "./k-means-start.ts";
import { assignRows, moveCentroids } from "./lloyd.ts";

/**
 * k-means: centroids μ that make the inertia Σᵢ min_c |xᵢ − μ_c|² small, by Lloyd's iterations from a k-means++ start, until no centroid changes by a bit.
 * Of a range of k, the one with the highest mean silhouette is chosen; k = 1 counts as silhouette 0.
 */
export const createKMeans = (space: Workspace): ClusteringAlgorithm => {
  const { lloyd } = space;
  const { train } = space.points;
  const centroids = space.blocks.current;

  const evaluate = (k: number): Evaluation => ({
    ok: true,
    objective: assignRows(train, k, centroids, lloyd),
    converged: false,
    emptyClusters: 0,
    degenerate: false,
  });
  return {
    begin: (k, restart) => {
      startCentroids(train, k, space.draws(k, restart), centroids, lloyd);
      return evaluate(k);
    },
    resume: evaluate,
    iterate: (k, previousObjective) => {
      const { moved, empty } = moveCentroids(train, k, centroids, lloyd);
      if (!moved)
        return { ok: true, objective: previousObjective, converged: true, emptyClusters: empty, degenerate: false };
      return {
        ok: true,
        objective: assignRows(train, k, centroids, lloyd),
        converged: false,
        emptyClusters: empty,
        degenerate: false,
      };
    },
    criterion: (k) => {
      assignRows(train, k, centroids, lloyd);
      return -space.silhouette(k);
    },
    metrics: (k) => {
      const inertia = assignRows(train, k, centroids, lloyd);
      return { k, inertia, trainLoss: inertia / train.rows, silhouette: space.silhouette(k) };
    },
    loss: (k, split) => assignRows(space.points[split], k, centroids, lloyd) / space.points[split].rows,
  };
};
