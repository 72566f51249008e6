import type { QuantileIntervals } from "../../domain/models/parts/quantile-intervals.ts";
import { heldAtLevel, numberScores, shareOf } from "./held-out-scores.ts";
import { boundOf, rankOf } from "./scores.ts";

/** What a model says of rows, in the label's units. */
export interface QuantileRows {
  readonly predictions: ArrayLike<number>;
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
  readonly truths: ArrayLike<number>;
}

const growing = (scores: Float64Array): number[] => Array.from(scores.toSorted());

/** Scores of a lower and an upper quantile (Romano, Patterson & Candès 2019, Conformalized quantile regression, equation 6, and each tail by itself as in theorem 2). */
export const quantileIntervals = (
  interval: number,
  { predictions, lower, upper, truths }: QuantileRows,
): QuantileIntervals => {
  const { rows, scores: residuals, byFifth } = numberScores(predictions, truths);
  const below = Float64Array.from(rows, (row) => lower[row]! - truths[row]!);
  const above = Float64Array.from(rows, (row) => truths[row]! - upper[row]!);
  const scores = below.map((own, i) => Math.max(own, above[i]!));
  const [adaptive, marginal] = [heldAtLevel(scores), heldAtLevel(residuals)];
  return {
    ...{ type: "quantile_intervals", rows: rows.length, interval },
    ...{ scores: growing(scores), lower: growing(below), upper: growing(above), residuals: growing(residuals) },
    byFifth: byFifth((own) => ({ adaptive: shareOf(adaptive, own), marginal: shareOf(marginal, own) })),
  };
};

/**
 * From lower quantile − Q to upper quantile + Q, with Q the ⌈(n + 1) · coverage⌉-th smallest score (theorem 1); by `tails` each end has its own, the ⌈(n + 1)(1 + coverage)/2⌉-th smallest (theorem 2);
 * `marginal` goes by |residuals| about the prediction. Where Q takes more than the whole width away nothing is left:
 * both ends are then the middle of the first interval, of growing coverage, that is not empty, so that each interval lies in those of more coverage.
 */
export const quantileInterval = (
  { scores, lower, upper, residuals }: QuantileIntervals,
  said: { readonly value: number; readonly quantiles: { readonly lower: number; readonly upper: number } },
  { coverage, coverageMethod }: { coverage: number; coverageMethod: "adaptive" | "marginal" | "tails" },
): { lower: number; upper: number } => {
  const { value, quantiles } = said;
  if (coverageMethod === "marginal") {
    const half = boundOf(residuals, coverage);
    return { lower: value - half, upper: value + half };
  }
  const tails = coverageMethod === "tails";
  const [below, above] = tails ? [lower, upper] : [scores, scores];
  const at = (place: number) => ({ lower: quantiles.lower - below[place]!, upper: quantiles.upper + above[place]! });
  const first = rankOf(scores.length, tails ? (1 + coverage) / 2 : coverage) - 1;
  if (first >= scores.length) return { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  let [place, ends] = [first, at(first)];
  while (ends.lower > ends.upper && place + 1 < scores.length) ends = at(++place);
  if (place === first && ends.lower <= ends.upper) return ends;
  const middle = (ends.lower + ends.upper) / 2;
  return { lower: middle, upper: middle };
};
