import type { FoldQuantileIntervals, QuantileIntervals } from "../../domain/models/parts/quantile-intervals.ts";
import { byFold, type FoldedRows } from "./folded-rows.ts";
import { heldAtLevel, numberScores, shareOf } from "./held-out-scores.ts";
import { firstNotEmpty, type Interval } from "./nested-intervals.ts";
import { boundOf, rankOf } from "./scores.ts";

/** What a model says of rows, in the label's units. */
export interface QuantileRows {
  readonly predictions: ArrayLike<number>;
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
  readonly truths: ArrayLike<number>;
}

/** What a model says of one row. */
export interface Said {
  readonly value: number;
  readonly quantiles: { readonly lower: number; readonly upper: number };
}

export type IntervalMethod = "adaptive" | "marginal" | "tails";

const growing = (scores: Float64Array): number[] => Array.from(scores.toSorted());

/** The scores of the rows that are kept, and which of those are held at the report's level. */
const scoresOf = ({ predictions, lower, upper, truths }: QuantileRows) => {
  const { rows, scores: residuals, byFifth } = numberScores(predictions, truths);
  const below = Float64Array.from(rows, (row) => lower[row]! - truths[row]!);
  const above = Float64Array.from(rows, (row) => truths[row]! - upper[row]!);
  const scores = below.map((own, i) => Math.max(own, above[i]!));
  const [adaptive, marginal] = [heldAtLevel(scores), heldAtLevel(residuals)];
  const fifths = byFifth((own) => ({ adaptive: shareOf(adaptive, own), marginal: shareOf(marginal, own) }));
  return { rows, scores, below, above, residuals, byFifth: fifths };
};

/** Scores of a lower and an upper quantile (Romano, Patterson & Candès 2019, Conformalized quantile regression, equation 6, and each tail by itself as in theorem 2). */
export const quantileIntervals = (interval: number, held: QuantileRows): QuantileIntervals => {
  const { rows, scores, below, above, residuals, byFifth } = scoresOf(held);
  return {
    ...{ type: "quantile_intervals", rows: rows.length, interval },
    ...{ scores: growing(scores), lower: growing(below), upper: growing(above), residuals: growing(residuals) },
    byFifth,
  };
};

/** Out-of-fold scores of the same kind, fold by fold. Coverage by fifths takes all folds' scores for one another's. */
export const foldQuantileIntervals = (
  interval: number,
  where: FoldedRows,
  held: QuantileRows,
): FoldQuantileIntervals => {
  const { rows, scores, below, above, residuals, byFifth } = scoresOf(held);
  const every = Array.from(rows.keys());
  const folded = [scores, below, above, residuals].map((own) => byFold(where, { rows, scores: own }, every));
  return {
    ...{ type: "fold_quantile_intervals", rows: rows.length, interval },
    folds: folded[0]!.map((own, k) => ({
      ...{ scores: own, lower: folded[1]![k]!, upper: folded[2]![k]!, residuals: folded[3]![k]! },
    })),
    byFifth,
  };
};

/**
 * From lower quantile − Q to upper quantile + Q, with Q the ⌈(n + 1) · coverage⌉-th smallest score (theorem 1); by `tails` each end has its own, the ⌈(n + 1)(1 + coverage)/2⌉-th smallest (theorem 2);
 * `marginal` goes by |residuals| about the prediction. Where Q takes more than the whole width away nothing is left:
 * both ends are then the middle of the first interval, of growing coverage, that is not empty, so that each interval lies in those of more coverage.
 */
export const quantileInterval = (
  { scores, lower, upper, residuals }: QuantileIntervals,
  said: Said,
  { coverage, coverageMethod }: { coverage: number; coverageMethod: IntervalMethod },
): Interval => {
  const { value, quantiles } = said;
  if (coverageMethod === "marginal") {
    const half = boundOf(residuals, coverage);
    return { lower: value - half, upper: value + half };
  }
  const tails = coverageMethod === "tails";
  const [below, above] = tails ? [lower, upper] : [scores, scores];
  const at = (place: number) => ({ lower: quantiles.lower - below[place]!, upper: quantiles.upper + above[place]! });
  return firstNotEmpty(at, rankOf(scores.length, tails ? (1 + coverage) / 2 : coverage) - 1, scores.length);
};
