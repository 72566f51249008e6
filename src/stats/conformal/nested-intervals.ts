import { rankOf } from "./scores.ts";

export interface Interval {
  lower: number;
  upper: number;
}

/**
 * Of intervals that grow with their place among n, the one at `first`. Where that is empty both ends are the middle of the first one that is not, so that each interval lies in those of more coverage; beyond
 * the last place it is without ends.
 */
export const firstNotEmpty = (at: (place: number) => Interval, first: number, n: number): Interval => {
  if (first >= n) return { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  let [place, ends] = [first, at(first)];
  while (ends.lower > ends.upper && place + 1 < n) ends = at(++place);
  if (place === first && ends.lower <= ends.upper) return ends;
  const middle = (ends.lower + ends.upper) / 2;
  return { lower: middle, upper: middle };
};

/**
 * From the (n + 1 − r)-th smallest of the lower ends to the r-th smallest of the upper ones, r = ⌈(n + 1) · coverage⌉, both sorted. Of ends μ − R and μ + R with R ≥ 0 it is empty only below a coverage of 0.5: above,
 * r of either kind are more than n together, so that one row has both of its ends within. What the methods of Barber et al. (2021) prove, 1 − 2(1 − coverage), is below 0 there.
 */
export const intervalAmong = (lowers: ArrayLike<number>, uppers: ArrayLike<number>, coverage: number): Interval => {
  const n = lowers.length;
  const at = (place: number): Interval => ({ lower: lowers[n - 1 - place]!, upper: uppers[place]! });
  return firstNotEmpty(at, rankOf(n, coverage) - 1, n);
};
