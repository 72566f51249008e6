import { type Design, hasIntercept } from "./design.ts";
import { square } from "./square.ts";
import { addRows, createTriangle, type Ranked, solveTransposed, solveUpper } from "./triangle.ts";

/** A part of a dependency below this share of the dependent column is rounding. */
const leastPart = 1e-9;

/**
 * Columns whose coefficients have no values of their own: the dependent ones, and those that they can be computed from; the intercept too, in the units of the
 * inputs.
 */
export const indeterminate = (
  { kept, dependent, upper, others }: Ranked,
  design: Pick<Design, "centers" | "factors" | "columns">,
): number[] => {
  const { centers, factors } = design;
  const first = hasIntercept(design) ? 1 : 0;
  const rank = kept.length;
  const found = new Set(dependent);
  const sizeOf = (values: Float64Array, width: number, column: number): number => {
    let sum = 0;
    for (let i = 0; i < rank; i++) sum += square(values[i * width + column]!);
    return Math.sqrt(sum);
  };
  for (let d = 0; d < dependent.length; d++) {
    const part = Float64Array.from({ length: rank }, (_, i) => others[i * dependent.length + d]!);
    const size = sizeOf(others, dependent.length, d);
    solveUpper(upper, rank, part);
    const own = dependent[d]!;
    let [ones, largest] = [part[0]!, Math.abs(part[0]!)];
    const centre = (j: number, share: number): void => {
      ones += share * factors[j]! * centers[j]!;
      largest = Math.max(largest, Math.abs(share * factors[j]! * centers[j]!));
    };
    centre(own, 1);
    for (const [i, j] of kept.entries()) {
      if (j < first) continue;
      centre(j, -part[i]!);
      if (Math.abs(part[i]!) * sizeOf(upper, rank, i) > leastPart * size) found.add(j);
    }
    if (first === 1 && Math.abs(ones) > leastPart * Math.max(largest, size / Math.abs(upper[0]!))) found.add(0);
  }
  return [...found].sort((a, b) => a - b);
};

/**
 * Of all coefficients that fit equally well, those with the smallest Σ (βⱼ·deviationⱼ)², the intercept aside: what depends on other columns shares their
 * effect, whatever the columns' order. `beta` has 0 at the dependent columns; changed in place.
 */
export const shareOut = (
  ranked: Ranked,
  design: Pick<Design, "columns">,
  beta: Float64Array,
  deviations: ArrayLike<number>,
): void => {
  const { kept, dependent, upper, others } = ranked;
  if (dependent.length === 0) return;
  const rank = kept.length;
  const first = hasIntercept(design) ? 1 : 0;
  const columns = [...kept.slice(first), ...dependent];
  const entry = (i: number, c: number): number =>
    c < rank - first ? upper[i * rank + c + first]! : others[i * dependent.length + c - (rank - first)]!;
  // R β, which must stay; its first row gives the intercept.
  const fixed = Float64Array.from({ length: rank }, (_, i) =>
    kept.reduce((sum, j, c) => sum + upper[i * rank + c]! * beta[j]!, 0),
  );
  const deviationOf = (j: number): number => (deviations[j]! > 0 ? deviations[j]! : 1);
  // The least norm of M y = b is y = Mᵀ(M Mᵀ)⁻¹ b, by the triangle of Mᵀ.
  const rows = rank - first;
  const triangle = createTriangle(rows);
  const width = rows + 1;
  const line = new Float64Array(width);
  for (const [c, j] of columns.entries()) {
    for (let i = 0; i < rows; i++) line[i] = entry(i + first, c) / deviationOf(j);
    line[rows] = 0;
    addRows(triangle, line, 1);
  }
  const whole = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) for (let k = 0; k < rows; k++) whole[i * rows + k] = triangle.values[i * width + k]!;
  const multipliers = solveUpper(whole, rows, solveTransposed(whole, rows, fixed.slice(first)));
  for (const [c, j] of columns.entries()) {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += entry(i + first, c) * multipliers[i]!;
    beta[j] = sum / square(deviationOf(j));
  }
  if (first === 0) return;
  const rest = columns.reduce((sum, j, c) => sum + entry(0, c) * beta[j]!, 0);
  beta[0] = (fixed[0]! - rest) / upper[0]!;
};
