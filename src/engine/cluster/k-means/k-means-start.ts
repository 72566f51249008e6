import { log64 } from "../../kernels/math64.ts";
import { type Draws, type Points, squaredDistance } from "../points.ts";

/** The row at which the running sum of `weights` passes `target`; rows of weight zero are never taken. */
const rowAtSum = (weights: Float64Array, rows: number, target: number): number => {
  let sum = 0;
  let last = 0;
  for (let row = 0; row < rows; row++) {
    if (weights[row] === 0) continue;
    sum += weights[row]!;
    last = row;
    if (sum > target) return row;
  }
  return last;
};

const copyRow = (points: Points, row: number, centroids: Float64Array, c: number): void => {
  const at = points.seek(row);
  for (let j = 0; j < points.columns; j++) centroids[c * points.columns + j] = points.values[at + j]!;
};

/** Σ over rows of min(nearest, squared distance), the potential, if a candidate were added: of each of them, in one pass. */
const potentialsWith = (points: Points, candidates: Float64Array, count: number, nearest: Float64Array) => {
  const potentials = new Float64Array(count);
  for (let row = 0; row < points.rows; row++)
    for (let t = 0; t < count; t++)
      potentials[t]! += Math.min(nearest[row]!, squaredDistance(points, row, candidates, t));
  return potentials;
};

/**
 * k-means++ (Arthur & Vassilvitskii 2007), the greedy form of its section 5: the first centre is a row drawn uniformly; each next one is the best of
 * 2 + ⌊ln k⌋ rows drawn with probability ∝ squared distance to the nearest centre so far, best meaning the lowest remaining potential.
 * Where all rows already coincide with a centre, the draw is uniform.
 *
 * Fills `centroids` [k, columns]; `nearest` is working space of one number a row.
 */
export const startCentroids = (
  points: Points,
  k: number,
  draws: Draws,
  centroids: Float64Array,
  nearest: Float64Array,
): void => {
  const trials = 2 + Math.floor(log64(k));
  const candidates = new Float64Array(trials * points.columns);
  copyRow(points, draws.below(points.rows), centroids, 0);
  let potential = 0;
  for (let row = 0; row < points.rows; row++) {
    nearest[row] = squaredDistance(points, row, centroids, 0);
    potential += nearest[row]!;
  }
  for (let c = 1; c < k; c++) {
    for (let trial = 0; trial < trials; trial++) {
      const row =
        potential > 0 ? rowAtSum(nearest, points.rows, draws.uniform() * potential) : draws.below(points.rows);
      copyRow(points, row, candidates, trial);
    }
    const potentials = potentialsWith(points, candidates, trials, nearest);
    let best = 0;
    for (let trial = 1; trial < trials; trial++) if (potentials[trial]! < potentials[best]!) best = trial;
    potential = potentials[best]!;
    centroids.set(candidates.subarray(best * points.columns, (best + 1) * points.columns), c * points.columns);
    for (let row = 0; row < points.rows; row++) {
      nearest[row] = Math.min(nearest[row]!, squaredDistance(points, row, centroids, c));
    }
  }
};
