import type { Estimate } from "../domain/models/estimate.ts";
import { z95 } from "./estimate.ts";
import { countScores, type ScoreCounts } from "./explaining/operating-points.ts";
import { countBefore, doublesOf, gather, rowsWhere } from "./order-of.ts";
import { countUnits, meanOf, type Sampling, samplingOf, unitVariance } from "./sampling.ts";

/** DeLong's component of the rows of a class, by their score: the share of the other class that is below it, equal scores counting half. */
const componentsOf = (length: number, others: Float64Array): Float64Array => {
  const components = new Float64Array(length);
  const all = others[length - 1]!;
  let before = 0;
  // The largest scores come first.
  for (let place = 0; place < length; place++) {
    const until = others[place]!;
    components[place] = (all - until + (until - before) / 2) / all;
    before = until;
  }
  return components;
};

/** Mean and variance of components over the rows of their class. */
const momentsOf = (components: Float64Array, own: Float64Array): { rows: number; mean: number; variance: number } => {
  const { length } = components;
  const rows = own[length - 1]!;
  let sum = own[0]! * components[0]!;
  for (let place = 1; place < length; place++) sum += (own[place]! - own[place - 1]!) * components[place]!;
  const mean = sum / rows;
  let squares = own[0]! * (components[0]! - mean) * (components[0]! - mean);
  for (let place = 1; place < length; place++) {
    const deviation = components[place]! - mean;
    squares += (own[place]! - own[place - 1]!) * deviation * deviation;
  }
  return { rows, mean, variance: rows > 1 ? squares / (rows - 1) : 0 };
};

/** Where a function changes its sign between `from` and `to`, to the last bits. */
const bisect = (isBelow: (at: number) => boolean, from: number, to: number): number => {
  let [low, high] = [from, to];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};

/**
 * The score interval of Newcombe (2006, Statistics in Medicine 25, method 5): all areas θ with (A − θ)² ≤ z² V(θ), V being Hanley & McNeil's (1982)
 * variance with (m + n)/2 rows in each class. Unlike one around the estimate it has a width where the classes do not overlap, and stays in [0, 1].
 */
const scoreInterval = (area: number, m: number, n: number): { lower: number; upper: number } => {
  const extra = (m + n) / 2 - 1;
  const inside = (theta: number): boolean => {
    const spread = 1 + extra * ((1 - theta) / (2 - theta) + theta / (1 + theta));
    return (area - theta) ** 2 <= (z95 ** 2 * theta * (1 - theta) * spread) / (m * n);
  };
  return {
    lower: area === 0 ? 0 : bisect((theta) => !inside(theta), 0, area),
    upper: area === 1 ? 1 : bisect(inside, area, 1),
  };
};

/** ln(A/(1 − A)) ± z · error / (A·(1 − A)), carried back: never beyond 0 and 1. */
const logitInterval = (area: number, error: number): { lower: number; upper: number } => {
  const [center, half] = [Math.log(area / (1 - area)), (z95 * error) / (area * (1 - area))];
  const back = (logit: number): number => 1 / (1 + Math.exp(-logit));
  return { lower: back(center - half), upper: back(center + half) };
};

/** Each prediction moves the area by its component's deviation over the rows of its class. */
const varianceByUnit = (
  parts: { second: Int32Array; first: Int32Array; above: Float64Array; below: Float64Array },
  sampling: Sampling,
): number => {
  const deviations = new Float64Array(sampling.unitOf.length);
  for (const [rows, values] of [
    [parts.second, parts.above],
    [parts.first, parts.below],
  ] as const) {
    const weights = sampling.weights && gather(sampling.weights, rows);
    const center = meanOf(values, weights);
    const total = weights === undefined ? rows.length : weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, row] of rows.entries())
      deviations[row] = ((weights === undefined ? 1 : weights[i]!) * (values[i]! - center)) / total;
  }
  return unitVariance(deviations, sampling) * sampling.inflation;
};

/**
 * The area under the receiver operating characteristic: the chance that a row of the second class gets a higher score than one of the
 * first, equal scores counting half; with the interval of DeLong, DeLong & Clarke-Pearson (1988) on the logit scale, by ranks as in Sun & Xu (2014).
 * Where the classes do not overlap, or one has a single row, that variance is 0 or unknown, and Newcombe's interval takes its place.
 * Null where one class has no rows. Predictions that are no independent rows have the variance of DeLong's components by unit (Obuchowski 1997).
 */
export const estimateAreaUnderRoc = (
  scores: Float64Array,
  isSecond: (row: number) => boolean,
  sampling: Sampling | null = null,
  counts: ScoreCounts = countScores(scores, isSecond, sampling?.weights),
): Estimate | null => {
  const { length, truePositives, falsePositives } = counts;
  if (!(truePositives[length - 1]! > 0 && falsePositives[length - 1]! > 0)) return null;
  const components = { second: componentsOf(length, falsePositives), first: componentsOf(length, truePositives) };
  if (sampling === null) {
    const second = momentsOf(components.second, truePositives);
    const first = momentsOf(components.first, falsePositives);
    const error = Math.sqrt(second.variance / second.rows + first.variance / first.rows);
    return intervalOf(second.mean, error, first.rows, second.rows);
  }
  const thresholds = counts.thresholds.subarray(0, length);
  const placeOf = (row: number): number => countBefore(thresholds, (threshold) => threshold > scores[row]!);
  const [second, first] = [rowsWhere(scores.length, isSecond), rowsWhere(scores.length, (row) => !isSecond(row))];
  const above = doublesOf(second, (row) => components.second[placeOf(row)]!);
  const below = doublesOf(first, (row) => components.first[placeOf(row)]!);
  const value = meanOf(above, sampling.weights && gather(sampling.weights, second));
  const error = Math.sqrt(varianceByUnit({ second, first, above, below }, sampling));
  const unitsOf = (rows: Int32Array): number => countUnits(samplingOf(sampling, rows)) / sampling.inflation;
  return intervalOf(value, error, unitsOf(first), unitsOf(second));
};

/** @param m of how many independent rows the one class is, `n` the other */
const intervalOf = (value: number, error: number, m: number, n: number): Estimate => {
  const known = error > 0 && value > 0 && value < 1 && Math.min(m, n) > 1;
  return { value, ...(known ? logitInterval(value, error) : scoreInterval(value, m, n)) };
};
