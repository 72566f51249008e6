import { blockRows, type Design, type Pulse, predictorOf, writeRow } from "../design.ts";
import { type Basis, basisRow, coordinatesOf, exchange, refreshBasis } from "./basis.ts";
import type { RowWork } from "./row-work.ts";
import { type Choice, weightedSelect } from "./weighted-select.ts";

/** Σ w·ρ(y − xβ) over some rows, ρ(r) = r·(τ − 1[r < 0]). */
export interface PinballProblem {
  readonly design: Design;
  readonly labels: Float64Array;
  readonly weights: Float64Array | null;
  readonly level: number;
  /** Rows that count, the basis's among them, in the file's order. */
  readonly rows: Int32Array;
  /** Of these rows or more. */
  readonly work: RowWork;
}

export interface Descent {
  readonly pivots: number;
  /** No direction goes down any more. */
  readonly optimal: boolean;
  readonly beta: Float64Array;
  /** Of each row of the basis: what the sum would grow by, for each unit that its own residual rose above 0 or fell below. */
  readonly slopes: { readonly above: Float64Array; readonly below: Float64Array };
  /** By place among the rows, on which side of the plane each lies; 0 for those of the basis. */
  readonly sides: Int8Array;
  /** Σ aᵢyᵢ of the dual problem, aᵢ = w·(τ − 1[r < 0]) of the other rows: for whatever labels, never above their least sum. */
  dualOf(labels: Float64Array): number;
}

/** Pivots after which the inverse is computed anew. */
const freshEvery = 50;
/** A slope that is below 0 by less than this share of the row's weight is rounding. */
const rounding = 1e-8;

/** β through the rows of the basis: once corrected by what is left of them. */
export const throughBasis = ({ design, labels }: PinballProblem, { rows, inverse }: Basis): Float64Array => {
  const size = rows.length;
  const beta = new Float64Array(size);
  for (let round = 0; round < 2; round++) {
    const left = Float64Array.from(rows, (row) => labels[row]! - predictorOf(design, row, beta));
    for (let i = 0; i < size; i++) for (let h = 0; h < size; h++) beta[i]! += inverse[i * size + h]! * left[h]!;
  }
  return beta;
};

/** Where every row lies, and which way the sum goes: what a basis determines. */
interface Standing {
  readonly beta: Float64Array;
  /** By place among the rows: y − xβ, and on which side; 0 for those of the basis. */
  readonly residuals: Float64Array;
  readonly sides: Int8Array;
  /** Σ w·(τ − 1[r < 0])·x of the rows that are not in the basis. */
  readonly pull: Float64Array;
}

const stand = (problem: PinballProblem, basis: Basis, pulse: Pulse): Standing => {
  const { design, labels, weights, level, rows, work } = problem;
  const beta = throughBasis(problem, basis);
  const inside = new Set(basis.rows);
  const size = beta.length;
  const [residuals, sides] = [work.residuals.subarray(0, rows.length), work.sides.subarray(0, rows.length)];
  residuals.fill(0);
  sides.fill(0);
  const pull = new Float64Array(size);
  const x = new Float64Array(size);
  for (const [place, row] of rows.entries()) {
    if (place % blockRows === 0) pulse();
    if (inside.has(row)) continue;
    const residual = labels[row]! - predictorOf(design, row, beta);
    residuals[place] = residual;
    sides[place] = residual < 0 ? -1 : 1;
    writeRow(design, row, (weights === null ? 1 : weights[row]!) * (residual < 0 ? level - 1 : level), x, 0);
    for (let i = 0; i < size; i++) pull[i]! += x[i]!;
  }
  return { beta, residuals, sides, pull };
};

/** What the sum grows by along each edge out of the vertex. */
const slopesOf = ({ weights, level }: PinballProblem, basis: Basis, pull: Float64Array): Descent["slopes"] => {
  const own = coordinatesOfTransposed(basis, pull);
  const weightAt = (h: number): number => (weights === null ? 1 : weights[basis.rows[h]!]!);
  return {
    above: own.map((value, h) => value + weightAt(h) * level),
    below: own.map((value, h) => weightAt(h) * (1 - level) - value),
  };
};

/** The inverse's columns times a vector. */
const coordinatesOfTransposed = ({ inverse }: Basis, pull: Float64Array): Float64Array => {
  const size = pull.length;
  const own = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let h = 0; h < size; h++) own[h]! += inverse[i * size + h]! * pull[i]!;
  return own;
};

/** The edge that goes down most steeply for the weight of its row; null: none does. */
const steepest = (
  { weights }: PinballProblem,
  { rows }: Basis,
  { above, below }: Descent["slopes"],
): { h: number; side: 1 | -1; slope: number } | null => {
  let best: { h: number; side: 1 | -1; slope: number } | null = null;
  let least = -rounding;
  for (let h = 0; h < rows.length; h++) {
    const weight = weights === null ? 1 : weights[rows[h]!]!;
    for (const [side, slope] of [
      [1, above[h]!],
      [-1, below[h]!],
    ] as const)
      if (slope / weight < least) {
        least = slope / weight;
        best = { h, side, slope };
      }
  }
  return best;
};

/** Where a row stands among rows that ascend. */
const placeOf = (rows: Int32Array, row: number): number => {
  let [from, to] = [0, rows.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rows[middle]! < row) from = middle + 1;
    else to = middle;
  }
  return from;
};

/** Goes down one edge, if it has an end, to where the sum is least on it, through the residuals' zeros: the row whose residual becomes 0 there takes the h-th's place. */
const follow = (
  problem: PinballProblem,
  basis: Basis,
  standing: Standing,
  { h, side, slope }: { h: number; side: 1 | -1; slope: number },
): boolean => {
  const { design, weights, level, rows, work } = problem;
  const { beta, residuals, sides, pull } = standing;
  const { rates } = work;
  const choice: Choice = { places: work.places, count: 0 };
  const size = beta.length;
  // The h-th row's residual goes from 0 to side·t; each other's by t·rate.
  const direction = Float64Array.from({ length: size }, (_, i) => -side * basis.inverse[i * size + h]!);
  const weightOf = (place: number): number => (weights === null ? 1 : weights[rows[place]!]!);
  for (let place = 0; place < rows.length; place++) {
    if (sides[place] === 0) continue;
    const rate = -predictorOf(design, rows[place]!, direction);
    rates[place] = rate;
    if (rate * sides[place]! < 0) choice.places[choice.count++] = place;
  }
  if (choice.count === 0) return false;
  const at = (place: number): number => Math.max(0, -residuals[place]! / rates[place]!);
  const entering = weightedSelect(choice, at, (place) => weightOf(place) * Math.abs(rates[place]!), -slope);
  const length = at(entering);
  const x = new Float64Array(size);
  const add = (place: number, factor: number): void => {
    writeRow(design, rows[place]!, factor * weightOf(place), x, 0);
    for (let i = 0; i < size; i++) pull[i]! += x[i]!;
  };
  const psi = (own: number): number => (own < 0 ? level - 1 : level);
  for (let c = 0; c < choice.count; c++) {
    const place = choice.places[c]!;
    if (place === entering || !(at(place) < length)) continue;
    add(place, -sides[place]!);
    sides[place] = -sides[place]!;
  }
  for (let place = 0; place < rows.length; place++) if (sides[place] !== 0) residuals[place]! += length * rates[place]!;
  for (let i = 0; i < size; i++) beta[i]! += length * direction[i]!;
  add(entering, -psi(sides[entering]!));
  sides[entering] = 0;
  residuals[entering] = 0;
  const leaving = placeOf(rows, basis.rows[h]!);
  sides[leaving] = side;
  residuals[leaving] = side * length;
  add(leaving, psi(side));
  const row = rows[entering]!;
  exchange(basis, h, row, coordinatesOf(basis, basisRow(design, row)));
  return true;
};

const dualAt = (
  { weights, level, rows }: PinballProblem,
  basis: Basis,
  standing: Standing,
  labels: Float64Array,
): number => {
  let sum = 0;
  for (const [place, row] of rows.entries()) {
    const side = standing.sides[place]!;
    if (side === 0) continue;
    sum += (weights === null ? 1 : weights[row]!) * (side < 0 ? level - 1 : level) * labels[row]!;
  }
  const own = coordinatesOfTransposed(basis, standing.pull);
  for (const [h, row] of basis.rows.entries()) sum -= own[h]! * labels[row]!;
  return sum;
};

/**
 * From vertex to vertex of the linear program to the least Σ w·ρ (Barrodale & Roberts 1973; Koenker & d'Orey 1987), each step as far as the sum falls. `basis` is
 * changed in place.
 */
export const descend = (problem: PinballProblem, basis: Basis, mostPivots: number, pulse: Pulse): Descent => {
  const { design } = problem;
  let standing = stand(problem, basis, pulse);
  let [pivots, fresh, stuck] = [0, true, false];
  for (;;) {
    pulse();
    const slopes = slopesOf(problem, basis, standing.pull);
    const edge = steepest(problem, basis, slopes);
    const ended = edge === null || stuck || pivots >= mostPivots;
    if (ended && fresh) {
      const { beta, sides } = standing;
      const dualOf = (labels: Float64Array): number => dualAt(problem, basis, standing, labels);
      return { pivots, optimal: edge === null, beta, slopes, sides, dualOf };
    }
    if (ended || pivots % freshEvery === freshEvery - 1) {
      refreshBasis(design, basis);
      standing = stand(problem, basis, pulse);
      fresh = true;
      if (ended) continue;
    }
    stuck = !follow(problem, basis, standing, edge);
    pivots += 1;
    fresh = false;
  }
};
