import { normalDensity64 } from "../../kernels/erf64.ts";
import { exp64, log64 } from "../../kernels/math64.ts";
import { normalQuantile } from "../../kernels/normal-quantile64.ts";
import { type Design, type Observed, type Pulse, predictorOf } from "../design.ts";
import { factorise } from "../least-squares.ts";
import { inverseOfSquare, rankColumns, triangleDoubles } from "../triangle.ts";
import type { RowWork } from "./row-work.ts";

/** A kernel's width that is no more than this share of the largest label is made of rounding. */
const leastWidth = 2 ** -44;

const cubeRoot = (x: number): number => exp64(log64(x) / 3);

/** Hall and Sheather's bandwidth (1988) for intervals of 95 %, halved until τ ± h are levels. */
export const bandwidthOf = (tau: number, rows: number): number => {
  const at = normalQuantile(tau);
  const density = normalDensity64(at);
  const z = normalQuantile(0.975);
  let h = cubeRoot((z * z * 1.5 * density * density) / ((2 * at * at + 1) * rows));
  while (tau - h <= 0 || tau + h >= 1) h /= 2;
  return h;
};

/** R's quantile of type 7. */
const quantileOf = (sorted: Float64Array, share: number): number => {
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
};

/**
 * Covariances of a quantile regression's coefficients whatever the spread of the label is at each row: τ(1 − τ)·J⁻¹(Σ w² x xᵀ)J⁻¹, J = Σ w·f̂·x xᵀ with the
 * density of the label at its quantile by a normal kernel (Powell 1991; Koenker 2005, 3.4.2), as quantreg's `ker`. Null where the residuals have no spread.
 */
export const kernelCovariance = (
  design: Design,
  { labels, weights }: Observed,
  tau: number,
  beta: Float64Array,
  work: Pick<RowWork, "residuals" | "rates">,
  pulse: Pulse,
): Float64Array | null => {
  const size = beta.length;
  const weightOf = (row: number): number => (weights === null ? 1 : weights[row]!);
  const { residuals, rates: sorted } = work;
  let rows = 0;
  for (let row = 0; row < design.rows; row++) {
    residuals[row] = labels[row]! - predictorOf(design, row, beta);
    if (weights === null || weights[row]! > 0) sorted[rows++] = residuals[row]!;
  }
  const own = sorted.subarray(0, rows);
  if (rows <= size) return null;
  const mean = own.reduce((sum, value) => sum + value / rows, 0);
  const variance = own.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (rows - 1);
  const scale = labels.reduce((most, label, row) => (weightOf(row) > 0 ? Math.max(most, Math.abs(label)) : most), 0);
  own.sort();
  const h = bandwidthOf(tau, rows);
  const spread = Math.min(Math.sqrt(variance), (quantileOf(own, 0.75) - quantileOf(own, 0.25)) / 1.34);
  const width = (normalQuantile(tau + h) - normalQuantile(tau - h)) * spread;
  // Residuals that are rounding have no density.
  if (!(width > leastWidth * scale)) return null;
  const triangleOf = (weight: (row: number) => number) =>
    rankColumns(
      factorise(
        design,
        (row) => ({ weight: weight(row), right: 0 }),
        null,
        new Float64Array(triangleDoubles(size)),
        pulse,
      ),
      true,
    );
  const inner = triangleOf((row) => Math.sqrt((weightOf(row) * normalDensity64(residuals[row]! / width)) / width));
  const outer = triangleOf(weightOf);
  if (inner.dependent.length > 0 || outer.dependent.length > 0) return null;
  const inverse = inverseOfSquare(inner.upper, size);
  // R J⁻¹ with RᵀR = Σ w² x xᵀ, and its square.
  const half = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let k = i; k < size; k++)
      for (let j = 0; j < size; j++) half[i * size + j]! += outer.upper[i * size + k]! * inverse[k * size + j]!;
  const covariance = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += half[k * size + i]! * half[k * size + j]!;
      covariance[i * size + j] = tau * (1 - tau) * sum;
    }
  return covariance;
};
