/**
 * What k-means and mixtures compute over rows, in f64 on rows of f32. `lloyd-loops.ts` and `mixture-loops.ts` have them in JavaScript, which is the truth; the
 * native library has them with the same bits.
 *
 * - Arrays may lie anywhere. `x` is [rows, columns], row-major, and arrays of one element a row, or of `k` elements a row, begin with the same row.
 * - `start` and `end`: rows, a half-open range. Sums over rows are added to what stands in their array, in the order of the rows; sums over the inputs of one row
 *   run in the order of the columns. So no bit depends on how rows are cut into calls one after another.
 * - `scratch` holds `scratchDoubles` numbers; what they are before and after does not matter.
 */
export interface ClusteringKernels {
  /**
   * assignments[i] = the nearest of k centres [k, columns], the lowest number among equals; distances[i] = |x[i] − it|²; inertia[0] += Σᵢ distances[i].
   */
  nearestCentres(
    x: Float32Array,
    centres: Float64Array,
    assignments: Int32Array,
    distances: Float64Array,
    inertia: Float64Array,
    scratch: Float64Array,
    k: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** distances[i] = min(distances[i], |x[i] − centre|²) */
  nearerCentre(
    x: Float32Array,
    centre: Float64Array,
    distances: Float64Array,
    scratch: Float64Array,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** potentials[t] += Σᵢ min(distances[i], |x[i] − candidate t|²), for each of `count` candidates [count, columns]. */
  addPotentials(
    x: Float32Array,
    candidates: Float64Array,
    distances: Float64Array,
    potentials: Float64Array,
    scratch: Float64Array,
    count: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** sums[c] += x[i] and counts[c] += 1 for c = assignments[i]; sums: [k, columns]. */
  addRows(
    x: Float32Array,
    assignments: Int32Array,
    sums: Float64Array,
    counts: Int32Array,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** out[i, c] = |x[i] − centre c| for each of k centres. */
  centreDistances(
    x: Float32Array,
    centres: Float64Array,
    out: Float64Array,
    scratch: Float64Array,
    k: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** triangle[i (i − 1)/2 + j] = |x[i] − x[j]| for all j < i. */
  rowDistances(
    x: Float32Array,
    triangle: Float64Array,
    scratch: Float64Array,
    columns: number,
    start: number,
    end: number,
  ): void;
  /**
   * out[i, c] = constants[c] − ½ |y|² with L_c y = x[i] − means[c], by forward substitution. L_c begins at factors[c · apart], [columns, columns] with 1/L[j, j] on
   * its diagonal; with `apart` 0 all components share one, and the first constant.
   */
  triangularDensities(
    x: Float32Array,
    means: Float64Array,
    factors: Float64Array,
    constants: Float64Array,
    out: Float64Array,
    scratch: Float64Array,
    k: number,
    columns: number,
    apart: number,
    start: number,
    end: number,
  ): void;
  /** out[i, c] = constants[c] − ½ Σⱼ (x[i, j] − means[c, j])² precisions[c, j] */
  diagonalDensities(
    x: Float32Array,
    means: Float64Array,
    precisions: Float64Array,
    constants: Float64Array,
    out: Float64Array,
    scratch: Float64Array,
    k: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** out[i, c] = constants[c] − ½ |x[i] − means[c]|² precisions[c] */
  sphericalDensities(
    x: Float32Array,
    means: Float64Array,
    precisions: Float64Array,
    constants: Float64Array,
    out: Float64Array,
    scratch: Float64Array,
    k: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /**
   * From values[i, c] = ln N(x[i] | c) in place to exp(ln w_c + values[i, c] − ln p[i]), with ln p[i] = ln Σ_c exp(ln w_c + values[i, c]), the largest term taken
   * out; total[0] += Σᵢ ln p[i]. `logDensities`, if given, receives each ln p[i].
   */
  responsibilities(
    values: Float64Array,
    logWeights: Float64Array,
    logDensities: Float64Array | null,
    total: Float64Array,
    scratch: Float64Array,
    k: number,
    start: number,
    end: number,
  ): void;
  /** counts[c] += weights[i, c] and sums[c] += weights[i, c] · x[i]. A weight of 0 is passed over, here and below. */
  addWeightedRows(
    x: Float32Array,
    weights: Float64Array,
    counts: Float64Array,
    sums: Float64Array,
    k: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** sums[c, j] += weights[i, c] · (x[i, j] − means[c, j])² */
  addWeightedSquares(
    x: Float32Array,
    weights: Float64Array,
    means: Float64Array,
    sums: Float64Array,
    k: number,
    columns: number,
    start: number,
    end: number,
  ): void;
  /** out += weights[i, c] (x[i] − mean)(x[i] − mean)ᵀ, the lower triangle alone, for one component c; out: [columns, columns]. */
  addScatter(
    x: Float32Array,
    weights: Float64Array,
    mean: Float64Array,
    out: Float64Array,
    scratch: Float64Array,
    k: number,
    c: number,
    columns: number,
    start: number,
    end: number,
  ): void;
}

export type ClusteringKernelName = keyof ClusteringKernels;

/** Rows that the native kernels take at once, and what they round their columns up to. */
const [rowsAtOnce, batchRows, broadColumns] = [32, 64, 16];

/** Numbers of `scratch` that are enough for each kernel. */
export const scratchDoubles = (k: number, columns: number): number =>
  Math.max(2 * batchRows * (columns + broadColumns), rowsAtOnce * k);
