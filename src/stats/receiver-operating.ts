import type { Estimate } from "../domain/models/estimate.ts";
import { sampleVariance, z95 } from "./estimate.ts";
import { countBefore, doublesOf, orderOf } from "./order-of.ts";
import { countUnits, meanOf, type Sampling, samplingOf, unitVariance } from "./sampling.ts";

const pick = (values: Float64Array, rows: readonly number[]): Float64Array => doublesOf(rows, (row) => values[row]!);

/** DeLong's component of each row of a class: the share of the other class that is below its score, equal scores counting half. */
type Components = (own: readonly number[], others: readonly number[]) => Float64Array;

/**
 * By each row's rank among all and among those of its class, equal scores sharing the mean of theirs: the difference is how many of the other class are below.
 * @param order the rows by growing score: of a million, each order takes a good part of the report
 */
const rankedComponents = (scores: Float64Array, isSecond: (row: number) => boolean, order: Int32Array): Components => {
  const below = new Float64Array(scores.length);
  let seconds = 0;
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start]!]!;
    let [end, own] = [start, 0];
    for (; end < order.length && scores[order[end]!] === score; end++) if (isSecond(order[end]!)) own += 1;
    const firsts = start - seconds;
    for (let place = start; place < end; place++) {
      const row = order[place]!;
      // Of a row of the second class those of the first that are below, and half of those beside it.
      below[row] = isSecond(row) ? firsts + (end - start - own) / 2 : seconds + own / 2;
    }
    seconds += own;
    start = end;
  }
  return (own, others) => doublesOf(own, (row) => below[row]! / others.length);
};

/** By the weights of the others. */
const weightedComponents =
  (scores: Float64Array, weights: Float64Array): Components =>
  (own, others) => {
    const order = [...others].sort((a, b) => scores[a]! - scores[b]!);
    const sorted = order.map((row) => scores[row]!);
    const below = new Float64Array(order.length + 1);
    for (const [i, row] of order.entries()) below[i + 1] = below[i]! + weights[row]!;
    return doublesOf(own, (row) => {
      const score = scores[row]!;
      const first = countBefore(sorted, (other) => other < score);
      const last = countBefore(sorted, (other) => other <= score);
      return (below[first]! + below[last]!) / 2 / below[order.length]!;
    });
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
  parts: { second: readonly number[]; first: readonly number[]; above: Float64Array; below: Float64Array },
  sampling: Sampling,
): number => {
  const deviations = new Float64Array(sampling.unitOf.length);
  for (const [rows, values] of [
    [parts.second, parts.above],
    [parts.first, parts.below],
  ] as const) {
    const weights = sampling.weights && rows.map((row) => sampling.weights![row]!);
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
  /** The rows by growing score. */
  order: Int32Array = orderOf(scores),
): Estimate | null => {
  const rows = Array.from(scores.keys());
  const [second, first] = [rows.filter(isSecond), rows.filter((row) => !isSecond(row))];
  if (second.length === 0 || first.length === 0) return null;
  const weights = sampling?.weights;
  const componentsFor =
    weights === undefined ? rankedComponents(scores, isSecond, order) : weightedComponents(scores, weights);
  const [above, below] = [componentsFor(second, first), componentsFor(first, second)];
  const value = meanOf(above, weights && pick(weights, second));
  const independent = sampleVariance(above) / second.length + sampleVariance(below) / first.length;
  const error = Math.sqrt(sampling === null ? independent : varianceByUnit({ second, first, above, below }, sampling));
  const [m, n] = [first, second].map((rows) =>
    sampling === null ? rows.length : countUnits(samplingOf(sampling, rows)) / sampling.inflation,
  ) as [number, number];
  const known = error > 0 && value > 0 && value < 1 && Math.min(m, n) > 1;
  return { value, ...(known ? logitInterval(value, error) : scoreInterval(value, m, n)) };
};
