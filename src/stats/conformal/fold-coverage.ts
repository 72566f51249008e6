import type { FoldIntervals, FoldSets } from "../../domain/models/conformal.ts";
import type { FoldQuantileIntervals } from "../../domain/models/parts/quantile-intervals.ts";
import { countBefore } from "../order-of.ts";
import { type Interval, intervalAmong } from "./nested-intervals.ts";
import type { IntervalMethod, Said } from "./quantile-intervals.ts";
import { rankOf } from "./scores.ts";

/** What each fold's model says of some rows, fold after fold: rows × width, values in the label's units (behind each, where the model says them, its lower and upper quantile) or probabilities of the classes. */
export interface FoldNumbers {
  readonly width: number;
  readonly folds: readonly Float64Array[];
}

/** How many of a growing list are at least so large. */
const countFrom = (growing: ArrayLike<number>, least: number): number =>
  growing.length - countBefore(growing, (score) => score < least);

const numberOf = (folds: readonly ArrayLike<number>[]): number => folds.reduce((sum, { length }) => sum + length, 0);

/** What each fold says, moved by the scores of its rows; growing. */
const moved = (folds: readonly ArrayLike<number>[], said: readonly number[], sign: 1 | -1): Float64Array => {
  const all = new Float64Array(numberOf(folds));
  let i = 0;
  for (const [k, scores] of folds.entries())
    for (let row = 0; row < scores.length; row++) all[i++] = said[k]! + sign * scores[row]!;
  return all.sort();
};

/**
 * The interval of CV+ (Barber, Candès, Ramdas & Tibshirani 2021, Annals of Statistics 49, section 2.2) about one row: with μₖ what the model of fold k says of it and R the |residuals| of that fold's
 * rows, from the (n + 1 − r)-th smallest of all μₖ − R to the r-th smallest of all μₖ + R, r = ⌈(n + 1) · coverage⌉. With as many folds as rows it is the jackknife+. Where nothing is left both ends are the middle of the first interval, of growing coverage, that is not empty.
 */
export const foldInterval = (
  { folds, least }: Pick<FoldIntervals, "folds" | "least">,
  said: readonly number[],
  coverage: number,
): Interval => {
  const { lower, upper } = intervalAmong(moved(folds, said, -1), moved(folds, said, 1), coverage);
  const possible = (end: number): number => Math.max(least ?? Number.NEGATIVE_INFINITY, end);
  return { lower: possible(lower), upper: possible(upper) };
};

/**
 * The interval of CV+ about the quantiles that each fold's model says (Gupta, Kuchibhotla & Ramdas 2022, Nested conformal prediction, section 3, with the nested sets of Romano, Patterson & Candès): from the
 * (n + 1 − r)-th smallest of all lower − Q to the r-th smallest of all upper + Q, with Q the scores of the folds' rows and r = ⌈(n + 1) · coverage⌉; by `tails` each end by scores of its own, r = ⌈(n + 1)(1 + coverage)/2⌉.
 * `marginal` goes by |residuals| about the values. Where nothing is left both ends are the middle of the first interval, of growing coverage, that is not empty.
 */
export const foldQuantileInterval = (
  { folds }: Pick<FoldQuantileIntervals, "folds">,
  said: readonly Said[],
  { coverage, coverageMethod }: { coverage: number; coverageMethod: IntervalMethod },
): Interval => {
  const of = (name: "scores" | "lower" | "upper" | "residuals") => folds.map((fold) => fold[name]);
  if (coverageMethod === "marginal") {
    const values = said.map(({ value }) => value);
    return foldInterval({ folds: of("residuals"), least: null }, values, coverage);
  }
  const tails = coverageMethod === "tails";
  const lowers = moved(
    of(tails ? "lower" : "scores"),
    said.map(({ quantiles }) => quantiles.lower),
    -1,
  );
  const uppers = moved(
    of(tails ? "upper" : "scores"),
    said.map(({ quantiles }) => quantiles.upper),
    1,
  );
  return intervalAmong(lowers, uppers, tails ? (1 + coverage) / 2 : coverage);
};

/**
 * Whether a class is in the set of cross-conformal prediction (Vovk 2015, Annals of Mathematics and Artificial Intelligence 74): where at least ⌊(n + 1) · (1 − coverage)⌋ rows, each compared with what its fold's
 * model says of this one, are no better in their own class than this row would be in it.
 */
export const isInFoldSet = (
  folds: readonly ArrayLike<number>[],
  scoreBy: (fold: number) => number,
  coverage: number,
): boolean => {
  const n = numberOf(folds);
  const needed = n + 1 - rankOf(n, coverage);
  return folds.reduce((count, scores, k) => count + countFrom(scores, scoreBy(k)), 0) >= needed;
};

/** All classes' scores fold by fold, growing. */
const together = (classes: FoldSets["classes"]): Float64Array[] => {
  const folds = classes[0]?.folds.length ?? 0;
  return Array.from({ length: folds }, (_, k) => Float64Array.from(classes.flatMap((one) => one.folds[k]!)).sort());
};

/** For each class the scores that decide about it: its own rows', or those of all. */
export const scoresOfClasses = (
  { classes }: FoldSets,
  method: "adaptive" | "marginal",
): ReadonlyMap<string, readonly ArrayLike<number>[]> => {
  const all = together(classes);
  return new Map(classes.map(({ label, folds }) => [label, method === "marginal" ? all : folds]));
};

/** What is proven for K folds of n rows (Barber et al. 2021, theorem 4): 1 − 2α − min(2(1 − 1/K)/(n/K + 1), (1 − K/n)/(K + 1)). */
export const guaranteedByFolds = (coverage: number, rows: number, folds: number): number => {
  const lost = Math.min((2 * (1 - 1 / folds)) / (rows / folds + 1), (1 - folds / rows) / (folds + 1));
  return Math.max(0, 1 - 2 * (1 - coverage) - Math.max(0, lost));
};
