import { blocksOf, type Points, type RowWork } from "../points.ts";

/** Arrays that Lloyd's iterations work in; `sums` is [k, columns], `counts` [k], the others one element a row. */
export interface LloydWork extends RowWork {
  readonly assignments: Int32Array;
  readonly distances: Float64Array;
  readonly sums: Float64Array;
  readonly counts: Int32Array;
}

/** Assigns every row to its nearest centroid, the lowest number among equals. Returns the inertia: Σ of the squared distances. */
export const assignRows = (
  points: Points,
  k: number,
  centroids: Float64Array,
  { kernels, scratch, assignments, distances }: Omit<LloydWork, "sums" | "counts">,
): number => {
  const { columns } = points;
  const inertia = new Float64Array(1);
  for (const { x, first, rows } of blocksOf(points)) {
    const [own, from] = [assignments.subarray(first), distances.subarray(first)];
    kernels.nearestCentres(x, centroids, own, from, inertia, scratch, k, columns, 0, rows);
  }
  return inertia[0]!;
};

/** The row farthest from its centroid in a cluster of two or more, the first among equals; −1 if every row lies on its centroid. */
const farthestRow = (points: Points, work: LloydWork): number => {
  let farthest = -1;
  for (let row = 0; row < points.rows; row++) {
    if (work.distances[row]! <= (farthest < 0 ? 0 : work.distances[farthest]!)) continue;
    if (work.counts[work.assignments[row]!]! > 1) farthest = row;
  }
  return farthest;
};

/**
 * Gives each empty cluster, lowest number first, the row that is farthest from its centroid, which leaves its former cluster (as scikit-learn does).
 * Returns how many stay empty, for lack of distinct rows.
 */
const fillEmptyClusters = (points: Points, k: number, work: LloydWork): number => {
  const { columns, values } = points;
  let empty = 0;
  for (let c = 0; c < k; c++) {
    if (work.counts[c] !== 0) continue;
    const row = farthestRow(points, work);
    if (row < 0) {
      empty += 1;
      continue;
    }
    const from = work.assignments[row]!;
    const at = points.seek(row);
    for (let j = 0; j < columns; j++) {
      const value = values[at + j]!;
      work.sums[from * columns + j]! -= value;
      work.sums[c * columns + j] = value;
    }
    work.counts[from]! -= 1;
    work.counts[c] = 1;
    work.assignments[row] = c;
    work.distances[row] = 0;
  }
  return empty;
};

/**
 * Moves each centroid to the mean of its rows, summed in the order of the rows; a cluster that stays empty keeps its centroid.
 * `moved` is false when no centroid changed by a bit: Lloyd's iteration (Lloyd 1982) has then come to its end.
 */
export const moveCentroids = (
  points: Points,
  k: number,
  centroids: Float64Array,
  work: LloydWork,
): { moved: boolean; empty: number } => {
  const { columns } = points;
  const { sums, counts } = work;
  sums.fill(0, 0, k * columns);
  counts.fill(0, 0, k);
  for (const { x, first, rows } of blocksOf(points))
    work.kernels.addRows(x, work.assignments.subarray(first), sums, counts, columns, 0, rows);
  const empty = fillEmptyClusters(points, k, work);
  let moved = false;
  for (let c = 0; c < k; c++) {
    const count = counts[c]!;
    if (count === 0) continue;
    for (let j = c * columns; j < (c + 1) * columns; j++) {
      const mean = sums[j]! / count;
      moved ||= mean !== centroids[j];
      centroids[j] = mean;
    }
  }
  return { moved, empty };
};
