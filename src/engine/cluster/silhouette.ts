import { type RandomKey, shuffle } from "../kernels/philox.ts";
import { gatherRows } from "../tensor/table.ts";
import type { Points, RowWork } from "./points.ts";

/** Rows up to which the silhouette is exact; of more, so many are drawn. */
export const silhouetteRows = 2048;

/** Elements of the triangle of distances between `rows` rows. */
export const triangleSize = (rows: number): number => (rows * (rows - 1)) / 2;

/**
 * Fills `sample` with the rows that the silhouette looks at, ascending: all, or as many as it holds, drawn without replacement by Philox and the same
 * for every k. `order` is working space of one element a row.
 */
export const drawSample = (rows: number, key: RandomKey, order: Int32Array, sample: Int32Array): void => {
  for (let row = 0; row < rows; row++) order[row] = row;
  if (sample.length < rows) shuffle(order.subarray(0, rows), key);
  sample.set(order.subarray(0, sample.length));
  sample.sort();
};

/** Euclidean distances d(i, j), i > j, between the sample's rows, at i (i − 1)/2 + j. */
export const fillDistances = (
  points: Points,
  sample: Int32Array,
  triangle: Float64Array,
  { kernels, scratch }: RowWork,
): void => kernels.rowDistances(gatherRows(points, sample), triangle, scratch, points.columns, 0, sample.length);

/**
 * The mean silhouette (Rousseeuw 1987) of the sample: (b − a)/max(a, b) with a the mean distance to the other rows of the own cluster and b the least
 * mean distance to the rows of another one; 0 for a row alone in its cluster, and 0 for k = 1 or where all rows share one cluster.
 * `sums` [k] and `counts` [k] are working space.
 */
export const silhouette = (
  sample: Int32Array,
  triangle: Float64Array,
  assignments: Int32Array,
  k: number,
  sums: Float64Array,
  counts: Int32Array,
): number => {
  counts.fill(0, 0, k);
  for (const row of sample) counts[assignments[row]!]! += 1;
  let total = 0;
  for (let i = 0; i < sample.length; i++) {
    const own = assignments[sample[i]!]!;
    if (counts[own] === 1) continue;
    sums.fill(0, 0, k);
    for (let j = 0; j < sample.length; j++) {
      if (j === i) continue;
      const distance = i > j ? triangle[(i * (i - 1)) / 2 + j]! : triangle[(j * (j - 1)) / 2 + i]!;
      sums[assignments[sample[j]!]!]! += distance;
    }
    const a = sums[own]! / (counts[own]! - 1);
    let b = Number.POSITIVE_INFINITY;
    for (let c = 0; c < k; c++) {
      if (c !== own && counts[c]! > 0) b = Math.min(b, sums[c]! / counts[c]!);
    }
    const larger = Math.max(a, b);
    if (Number.isFinite(b) && larger > 0) total += (b - a) / larger;
  }
  return sample.length === 0 ? 0 : total / sample.length;
};
