import type { ClusteringKernels } from "./clustering-kernels.ts";

/** Σⱼ (x[at + j] − centres[from + j])² */
const squaredDistance = (
  x: Float32Array,
  at: number,
  centres: Float32Array | Float64Array,
  from: number,
  columns: number,
): number => {
  let sum = 0;
  for (let j = 0; j < columns; j++) {
    const difference = x[at + j]! - centres[from + j]!;
    sum += difference * difference;
  }
  return sum;
};

type LloydKernels = Pick<
  ClusteringKernels,
  "nearestCentres" | "nearerCentre" | "addPotentials" | "addRows" | "centreDistances" | "rowDistances"
>;

/** The kernels of k-means in JavaScript. */
export const lloydLoops: LloydKernels = {
  nearestCentres: (x, centres, assignments, distances, inertia, _scratch, k, columns, start, end) => {
    let total = inertia[0]!;
    for (let row = start; row < end; row++) {
      let nearest = 0;
      let least = squaredDistance(x, row * columns, centres, 0, columns);
      for (let c = 1; c < k; c++) {
        const distance = squaredDistance(x, row * columns, centres, c * columns, columns);
        if (distance < least) {
          least = distance;
          nearest = c;
        }
      }
      assignments[row] = nearest;
      distances[row] = least;
      total += least;
    }
    inertia[0] = total;
  },
  nearerCentre: (x, centre, distances, _scratch, columns, start, end) => {
    for (let row = start; row < end; row++)
      distances[row] = Math.min(distances[row]!, squaredDistance(x, row * columns, centre, 0, columns));
  },
  addPotentials: (x, candidates, distances, potentials, _scratch, count, columns, start, end) => {
    for (let row = start; row < end; row++)
      for (let t = 0; t < count; t++)
        potentials[t]! += Math.min(
          distances[row]!,
          squaredDistance(x, row * columns, candidates, t * columns, columns),
        );
  },
  addRows: (x, assignments, sums, counts, columns, start, end) => {
    for (let row = start; row < end; row++) {
      const c = assignments[row]!;
      counts[c]! += 1;
      for (let j = 0; j < columns; j++) sums[c * columns + j]! += x[row * columns + j]!;
    }
  },
  centreDistances: (x, centres, out, _scratch, k, columns, start, end) => {
    for (let row = start; row < end; row++)
      for (let c = 0; c < k; c++)
        out[row * k + c] = Math.sqrt(squaredDistance(x, row * columns, centres, c * columns, columns));
  },
  rowDistances: (x, triangle, _scratch, columns, start, end) => {
    for (let i = start; i < end; i++)
      for (let j = 0; j < i; j++)
        triangle[(i * (i - 1)) / 2 + j] = Math.sqrt(squaredDistance(x, i * columns, x, j * columns, columns));
  },
};
