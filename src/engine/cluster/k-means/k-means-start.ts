import { log64 } from "../../kernels/math64.ts";
import { blocksOf, type Draws, type Points } from "../points.ts";
import type { LloydWork } from "./lloyd.ts";

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

/**
 * k-means++ (Arthur & Vassilvitskii 2007), the greedy form of its section 5: the first centre is a row drawn uniformly; each next one is the best of
 * 2 + ⌊ln k⌋ rows drawn with probability ∝ squared distance to the nearest centre so far, best meaning the lowest remaining potential,
 * Σ over rows of min(nearest, squared distance). Where all rows already coincide with a centre, the draw is uniform.
 *
 * Fills `centroids` [k, columns]; overwrites `distances`.
 */
export const startCentroids = (
  points: Points,
  k: number,
  draws: Draws,
  centroids: Float64Array,
  { kernels, scratch, distances: nearest }: Pick<LloydWork, "kernels" | "scratch" | "distances">,
): void => {
  const { rows, columns } = points;
  const trials = 2 + Math.floor(log64(k));
  const candidates = new Float64Array(trials * columns);
  const potentials = new Float64Array(trials);
  let potential = 0;
  nearest.fill(Number.POSITIVE_INFINITY, 0, rows);
  for (let c = 0; c < k; c++) {
    const count = c === 0 ? 1 : trials;
    for (let trial = 0; trial < count; trial++) {
      const row = potential > 0 ? rowAtSum(nearest, rows, draws.uniform() * potential) : draws.below(rows);
      copyRow(points, row, candidates, trial);
    }
    potentials.fill(0);
    for (const { x, first, rows: some } of blocksOf(points))
      kernels.addPotentials(x, candidates, nearest.subarray(first), potentials, scratch, count, columns, 0, some);
    let best = 0;
    for (let trial = 1; trial < count; trial++) if (potentials[trial]! < potentials[best]!) best = trial;
    potential = potentials[best]!;
    const chosen = candidates.subarray(best * columns, (best + 1) * columns);
    centroids.set(chosen, c * columns);
    for (const { x, first, rows: some } of blocksOf(points))
      kernels.nearerCentre(x, chosen, nearest.subarray(first), scratch, columns, 0, some);
  }
};
