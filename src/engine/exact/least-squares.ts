import { blockRows, type Design, hasIntercept, type Observed, type Pulse, writeRow } from "./design.ts";
import { type Accumulator, addProduct, sumOf } from "./double-double.ts";
import {
  addRows,
  createTriangle,
  type Ranked,
  rankColumns,
  solveTransposed,
  solveUpper,
  type Triangle,
} from "./triangle.ts";

/** A penalty Σ curvatureⱼ βⱼ² on the coefficients of the columns as they are scaled. */
export type Curvatures = Float64Array | null;

/** Numbers have no offsets. */
type Weighted = Pick<Observed, "labels" | "weights">;

export interface LeastSquares {
  /** Of the columns as the design scales them; 0 for dependent ones until they are shared out. */
  readonly coefficients: Float64Array;
  readonly ranked: Ranked;
  /** How often residuals in twice the precision have corrected the solution. */
  readonly refinements: number;
  /** Σ w (y − ŷ)² */
  readonly squares: number;
}

/** Rows times columns that are worth residuals in twice the precision. */
const mostRefined = 4_000_000;
const mostRefinements = 12;

/** Takes all rows of the design into a triangle: each times the root of its weight, with its right-hand side. */
export const factorise = (
  design: Design,
  rowOf: (row: number) => { weight: number; right: number },
  curvatures: Curvatures,
  memory: Float64Array,
  pulse: Pulse,
): Triangle => {
  const size = design.columns.length;
  const width = size + 1;
  const triangle = createTriangle(size, memory);
  const block = new Float64Array(blockRows * width);
  for (let first = 0; first < design.rows; first += blockRows) {
    const count = Math.min(blockRows, design.rows - first);
    for (let i = 0; i < count; i++) {
      const { weight, right } = rowOf(first + i);
      writeRow(design, first + i, weight, block, i * width);
      block[i * width + size] = right;
    }
    addRows(triangle, block, count);
    pulse();
  }
  if (curvatures !== null) addCurvatures(triangle, curvatures, null);
  return triangle;
};

/** Which columns say something new of the rows that count. */
export const rankOf = (design: Design, weights: Float64Array | null, work: Float64Array, pulse: Pulse): Ranked =>
  rankColumns(
    factorise(
      design,
      (row) => ({ weight: weights === null ? 1 : Math.sqrt(weights[row]!), right: 0 }),
      null,
      work,
      pulse,
    ),
    true,
  );

/** √curvature · eⱼ as a row for each penalised coefficient, which pulls towards −shift. */
export const addCurvatures = (triangle: Triangle, curvatures: Float64Array, shift: Float64Array | null): void => {
  const width = triangle.size + 1;
  const row = new Float64Array(width);
  for (const [j, curvature] of curvatures.entries()) {
    if (curvature === 0) continue;
    const root = Math.sqrt(curvature);
    row.fill(0);
    row[j] = root;
    row[triangle.size] = shift === null ? 0 : -root * shift[j]!;
    addRows(triangle, row, 1);
  }
};

/** Puts values of the kept columns in their places. */
export const spread = ({ kept }: Ranked, values: Float64Array, size: number): Float64Array => {
  const out = new Float64Array(size);
  for (const [i, j] of kept.entries()) out[j] = values[i]!;
  return out;
};

/** XᵀW(y − Xβ) of the kept columns, to the last bits: what is left of the normal equations. */
const leftOver = (
  design: Design,
  { labels, weights }: Weighted,
  beta: Float64Array,
  ranked: Ranked,
): { right: Float64Array; squares: number } => {
  const { kept } = ranked;
  const sums = kept.map((): Accumulator => ({ high: 0, low: 0 }));
  const x = new Float64Array(design.columns.length);
  let squares = 0;
  for (let row = 0; row < design.rows; row++) {
    writeRow(design, row, 1, x, 0);
    const residual: Accumulator = { high: labels[row]!, low: 0 };
    for (const j of kept) addProduct(residual, -x[j]!, beta[j]!);
    const high = sumOf(residual);
    const low = residual.high - high + residual.low;
    const weight = weights === null ? 1 : weights[row]!;
    squares += weight * high * high;
    for (const [i, j] of kept.entries()) {
      const moved = weight * x[j]!;
      addProduct(sums[i]!, moved, high);
      sums[i]!.low += moved * low;
    }
  }
  return { right: Float64Array.from(sums, sumOf), squares };
};

/**
 * Corrects β by the semi-normal equations RᵀR δ = XᵀW(y − Xβ) (Björck 1987), the right side in twice the precision: what it converges to is the solution for
 * the data as they are, to the last digits, even where columns nearly depend on each other.
 */
const refine = (
  design: Design,
  observed: Weighted,
  beta: Float64Array,
  ranked: Ranked,
  pulse: Pulse,
): { refinements: number; squares: number } => {
  const { kept, upper } = ranked;
  let before = Number.POSITIVE_INFINITY;
  for (let round = 0; ; round++) {
    const { right: step, squares } = leftOver(design, observed, beta, ranked);
    solveUpper(upper, kept.length, solveTransposed(upper, kept.length, step));
    let change = 0;
    for (const [i, j] of kept.entries())
      change = Math.max(change, Math.abs(step[i]!) / Math.max(Math.abs(beta[j]!), Number.MIN_VALUE));
    // Below that the change is rounding, or the columns are too close to each other for any double.
    if (!(change < before / 2) || round === mostRefinements) return { refinements: round, squares };
    for (const [i, j] of kept.entries()) beta[j]! += step[i]!;
    before = change;
    pulse();
  }
};

/** The least Σ w (y − xβ)² + penalty, by QR with scaled columns. */
export const fitLeastSquares = (
  design: Design,
  observed: Weighted,
  curvatures: Curvatures,
  memory: Float64Array,
  pulse: Pulse,
): LeastSquares => {
  const size = design.columns.length;
  const { labels, weights } = observed;
  const current = { weight: 1, right: 0 };
  const rowOf = (row: number) => {
    if (weights !== null) current.weight = Math.sqrt(weights[row]!);
    current.right = current.weight * labels[row]!;
    return current;
  };
  const triangle = factorise(design, rowOf, curvatures, memory, pulse);
  const ranked = rankColumns(triangle, hasIntercept(design));
  const { kept, upper, right } = ranked;
  const coefficients = spread(ranked, solveUpper(upper, kept.length, Float64Array.from(right)), size);
  const exact = curvatures === null && design.rows * size <= mostRefined;
  const { refinements, squares } = exact
    ? refine(design, observed, coefficients, ranked, pulse)
    : { refinements: 0, squares: triangle.squares };
  return { coefficients, ranked, refinements, squares };
};
