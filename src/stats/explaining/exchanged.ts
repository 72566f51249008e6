import type { Estimate } from "../../domain/models/estimate.ts";
import { estimateWithError, mean, sampleVariance } from "../estimate.ts";
import { doublesOf } from "../order-of.ts";
import { skewnessOf } from "../skewed.ts";

/** What rows of a table lost while values were exchanged between them, exchange after exchange. */
export interface Exchanges {
  /** Of each row, the mean over the exchanges of what it lost. */
  readonly lost: Float64Array;
  /** Of each row, the mean of what those lost that got its values. */
  readonly given: Float64Array;
  /** Variance of all single losses. */
  readonly variance: number;
  readonly repeats: number;
}

/**
 * The mean loss with its interval. Each row counts twice: by what it loses, and by what its values do to others; the mean is one of pairs of rows, whose variance is that of both together, Var(h₁ + h₂)/n
 * (Hoeffding 1948). With r exchanges what is seen of h₁ + h₂ varies by the pairs' own variance over r more than that, which is taken off; rows by themselves are the least that is left.
 */
export const estimateExchanges = ({ lost, given, variance, repeats }: Exchanges): Estimate => {
  const both = doublesOf(lost, (value, row) => value + given[row]!);
  const spread = Math.max(sampleVariance(both) - variance / repeats, sampleVariance(lost));
  const error = Math.sqrt(spread / lost.length);
  return estimateWithError(mean(lost), error, lost.length, {
    skewness: skewnessOf(both),
    eitherSide: true,
  });
};
