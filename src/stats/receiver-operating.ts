import type { Estimate } from "../domain/models/report.ts";
import { mean, ranksOf, sampleVariance } from "./estimate.ts";

/** Places of each group's values: in their own order, and among all; the difference over the other group's size is DeLong's component. */
const componentsOf = (own: Float64Array, all: Float64Array, others: number): Float64Array => {
  const within = ranksOf(own);
  return own.map((_, i) => (all[i]! - within[i]!) / others);
};

/**
 * The area under the receiver operating characteristic: the chance that a row of the second class gets a higher score than one of the
 * first, equal scores counting half; with the interval of DeLong, DeLong & Clarke-Pearson (1988), by ranks as in Sun & Xu (2014).
 * Null where one class has no rows.
 */
export const estimateAreaUnderRoc = (scores: Float64Array, isSecond: (row: number) => boolean): Estimate | null => {
  const rows = Array.from(scores.keys());
  const [second, first] = [rows.filter(isSecond), rows.filter((row) => !isSecond(row))];
  if (second.length === 0 || first.length === 0) return null;
  const ranks = ranksOf(scores);
  const pick = (values: Float64Array, from: number[]): Float64Array => Float64Array.from(from, (row) => values[row]!);
  const above = componentsOf(pick(scores, second), pick(ranks, second), first.length);
  const below = componentsOf(pick(scores, first), pick(ranks, first), second.length);
  const value = mean(above);
  const error = Math.sqrt(sampleVariance(above) / second.length + sampleVariance(below) / first.length);
  const half = 1.959963984540054 * error;
  return { value, lower: Math.max(0, value - half), upper: Math.min(1, value + half) };
};
