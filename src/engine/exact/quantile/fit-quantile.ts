import { assert } from "../../../domain/errors.ts";
import { type Design, type Observed, type Pulse, predictorOf } from "../design.ts";
import { type Basis, firstBasis, refreshBasis } from "./basis.ts";
import { type Descent, descend, type PinballProblem, throughBasis } from "./descend.ts";
import type { RowWork } from "./row-work.ts";

export interface QuantileFit {
  readonly coefficients: Float64Array;
  /** Σ w·ρ(y − xβ) */
  readonly objective: number;
  /** How far above the least sum it is at most, by the dual problem. */
  readonly gap: number;
  readonly pivots: number;
  readonly converged: boolean;
  /** False: other coefficients fit as well. */
  readonly unique: boolean;
}

/** Where a fit stands between two rounds: rows of the basis, and how many pivots it took. */
export interface QuantileProgress {
  readonly basis: Float64Array;
  readonly round: number;
  readonly pivots: number;
}

export interface QuantileOptions {
  /** Where an interrupted fit stood. */
  readonly start: QuantileProgress | null;
  readonly work: RowWork;
  readonly pulse: Pulse;
  /** `objective`: Σ w·ρ of all rows. */
  readonly onRound: (progress: QuantileProgress & { objective: number }) => Promise<void>;
}

/** Rows of the first round, and how many times as many the next has. */
const [leastRows, growth] = [400, 4];
/** Labels are moved by a part of this share of their range, so that no two vertices are one. */
const share = 2 ** -36;
/** Part of the sum that is rounding, and of the labels' own Σ w·|y|, which is left where they lie on the plane. */
const [closeEnough, roundingOfLabels] = [1e-9, 2 ** -44];
/** A slope, for the weight of its row, and a way, for the largest residual, that are nothing. */
const negligible = 1e-9;
/** Fractions of multiples of the golden ratio, which lie evenly. */
const golden = 0.6180339887498949;
const fractionOf = (row: number): number => (row + 1) * golden - Math.floor((row + 1) * golden);

/** So many of the rows, evenly, and those of the basis, ascending: in `out`. */
const spreadRows = (counted: Int32Array, count: number, basis: Basis, out: Int32Array): Int32Array => {
  if (count >= counted.length) return counted;
  const own = basis.rows.toSorted();
  let [rows, used] = [0, 0];
  for (let i = 0; i < count; i++) {
    const row = counted[Math.floor(((i + 0.5) * counted.length) / count)]!;
    while (used < own.length && own[used]! < row) out[rows++] = own[used++]!;
    if (own[used] === row) used += 1;
    out[rows++] = row;
  }
  while (used < own.length) out[rows++] = own[used++]!;
  return out.subarray(0, rows);
};

/** Ties are parted, as rows that lie on one plane by chance would otherwise be gone round in circles. */
const moved = (labels: Float64Array, counted: Int32Array, out: Float64Array): Float64Array => {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of counted) {
    least = Math.min(least, labels[row]!);
    most = Math.max(most, labels[row]!);
  }
  for (let row = 0; row < labels.length; row++) out[row] = labels[row]! + share * (most - least) * fractionOf(row);
  return out;
};

const sumAt = ({ design, labels, weights, level, rows }: PinballProblem, beta: Float64Array): number => {
  let sum = 0;
  for (const row of rows) {
    const residual = labels[row]! - predictorOf(design, row, beta);
    sum += (weights === null ? 1 : weights[row]!) * residual * (residual < 0 ? level - 1 : level);
  }
  return sum;
};

/** Whether every edge out of the vertex goes up at once. */
const isUnique = (problem: PinballProblem, basis: Basis, { slopes, sides }: Descent, beta: Float64Array): boolean => {
  const { design, labels, weights, rows, work } = problem;
  const size = beta.length;
  const residuals = work.residuals.subarray(0, rows.length);
  for (const [place, row] of rows.entries()) residuals[place] = labels[row]! - predictorOf(design, row, beta);
  const spread = residuals.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  /** How far an edge goes until a row changes sides. */
  const lengthOf = (h: number, side: 1 | -1): number => {
    const direction = Float64Array.from({ length: size }, (_, i) => -side * basis.inverse[i * size + h]!);
    let nearest = Number.POSITIVE_INFINITY;
    for (const [place, row] of rows.entries()) {
      const rate = -predictorOf(design, row, direction);
      if (rate * sides[place]! < 0) nearest = Math.min(nearest, Math.abs(residuals[place]! / rate));
    }
    return nearest;
  };
  const isLevel = (h: number, side: 1 | -1): boolean => {
    const weight = weights === null ? 1 : weights[basis.rows[h]!]!;
    const slope = (side === 1 ? slopes.above : slopes.below)[h]!;
    return slope <= negligible * weight && lengthOf(h, side) > negligible * spread;
  };
  for (let h = 0; h < size; h++) if (isLevel(h, 1) || isLevel(h, -1)) return false;
  return true;
};

/**
 * The τ-quantile of the label as a linear function of the columns (Koenker & Bassett 1978): the least Σ w·ρ(y − xβ), exactly, at a vertex of its linear
 * program. Rounds over ever more rows, each from the last one's vertex, until all are in.
 */
export const fitQuantile = async (
  design: Design,
  { labels, weights }: Observed,
  tau: number,
  { start, work, pulse, onRound }: QuantileOptions,
): Promise<QuantileFit & { readonly basis: Basis }> => {
  const size = design.columns.length;
  const counts = (row: number): boolean => weights === null || weights[row]! > 0;
  let all = 0;
  for (let row = 0; row < design.rows; row++) if (counts(row)) work.counted[all++] = row;
  const counted = work.counted.subarray(0, all);
  const basis =
    start === null
      ? firstBasis(design, counts, pulse)
      : { rows: Int32Array.from(start.basis), inverse: new Float64Array(0) };
  assert(basis !== null, "the columns of a quantile regression are independent");
  if (start !== null) refreshBasis(design, basis);
  const apart = moved(labels, counted, work.labels);
  const problem = { design, labels, weights, level: tau, rows: counted, work };
  const mostPivots = 1000 + 200 * size + counted.length;
  let { round, pivots } = start ?? { round: 0, pivots: 0 };
  let last: Descent | null = null;
  while (last === null || last.sides.length < counted.length) {
    let count = Math.max(leastRows, 10 * size);
    for (let i = 0; i < round; i++) count *= growth;
    const rows = spreadRows(counted, count, basis, work.chosen);
    last = descend({ design, labels: apart, weights, level: tau, rows, work }, basis, mostPivots, pulse);
    pivots += last.pivots;
    round += 1;
    const objective = sumAt(problem, throughBasis(problem, basis));
    await onRound({ basis: Float64Array.from(basis.rows), round, pivots, objective });
  }
  let total = 0;
  for (const row of counted) total += (weights === null ? 1 : weights[row]!) * Math.abs(labels[row]!);
  const isRounding = (gap: number, objective: number): boolean =>
    gap <= closeEnough * objective || gap <= roundingOfLabels * total;
  const close = (found: Descent) => {
    const coefficients = throughBasis(problem, basis);
    const objective = sumAt(problem, coefficients);
    const gap = Math.max(0, objective - found.dualOf(labels));
    return { coefficients, objective, gap, isClose: found.optimal && isRounding(gap, objective) };
  };
  let end = close(last);
  if (!end.isClose) {
    // What was taken for ties were none.
    last = descend(problem, basis, 100 + size, pulse);
    pivots += last.pivots;
    end = close(last);
  }
  const { isClose, ...found } = end;
  return { ...found, basis, pivots, converged: isClose, unique: isUnique(problem, basis, last, found.coefficients) };
};
