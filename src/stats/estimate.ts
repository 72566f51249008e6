import type { Estimate } from "../domain/models/estimate.ts";
import { sampleQuantile } from "../domain/models/parts/piecewise-linear.ts";
import { rankOf } from "./conformal/scores.ts";
import { doublesOf, orderOf, valueAtRank } from "./order-of.ts";
import { countUnits, meanOf, type Sampling, unitSums, unitVariance, varianceOfSums, weighed } from "./sampling.ts";
import { skewedEnds, skewnessOf } from "./skewed.ts";

/** Standard normal quantile of 0.975. */
export const z95 = 1.959963984540054;

/**
 * Quantile 0.975 of Student's t, by the Cornish–Fisher expansion (Abramowitz & Stegun 26.7.5): exact to 0.1 % from 4 degrees of
 * freedom on; below that the few exact values.
 */
export const studentQuantile = (degrees: number): number => {
  const exact = [Number.POSITIVE_INFINITY, 12.706204736, 4.30265273, 3.182446305][degrees];
  if (exact !== undefined) return exact;
  const z = z95;
  const [z3, z5, z7, z9] = [z ** 3, z ** 5, z ** 7, z ** 9];
  return (
    z +
    (z3 + z) / (4 * degrees) +
    (5 * z5 + 16 * z3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * degrees ** 3) +
    (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * degrees ** 4)
  );
};

export const mean = (values: ArrayLike<number>): number => meanOf(values, null);

/** Σ (x − mean)² / (n − 1); 0 for one value. */
export const sampleVariance = (values: ArrayLike<number>): number => {
  const center = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const deviation = values[i]! - center;
    sum += deviation * deviation;
  }
  return values.length > 1 ? sum / (values.length - 1) : 0;
};

/** Values that are possible: an interval ends there; and how skewed is what the value is a mean of. */
interface Known {
  least?: number;
  most?: number;
  skewness?: number;
  /** Few large values may lie on either side, as those of differences do: then no side is shorter than Student's. */
  eitherSide?: true;
}

/** Of a mean, by what each prediction moves it by before its weight; and of how many independent units it is. */
const errorOfMean = (
  deviations: Float64Array,
  sampling: Sampling,
): { standardError: number; units: number; skewness: number } => {
  // Of a weighted mean each row moves it by w·(x − mean), which is its variance by linearisation.
  const sums = unitSums(weighed(deviations, sampling), sampling.unitOf);
  return {
    standardError: Math.sqrt(varianceOfSums(sums) * sampling.inflation) / deviations.length,
    units: countUnits(sampling),
    skewness: skewnessOf(sums),
  };
};

/**
 * value ± t · standardError with n − 1 degrees of freedom, corrected for skewness, as far as values are possible. One row says nothing of how much rows differ, nor do rows that
 * are all alike: then there is no interval.
 */
export const estimateWithError = (
  value: number,
  standardError: number,
  rows: number,
  { least, most, skewness = 0, eitherSide }: Known = {},
): Estimate => {
  // Weights leave less than two effective rows where one of them outweighs all others.
  if (rows < 2 || standardError === 0) return { value, lower: null, upper: null };
  const t = studentQuantile(Math.floor(rows - 1));
  const ends = skewedEnds(t, skewness, rows);
  const [below, above] = eitherSide ? [Math.max(t, ends.below), Math.max(t, ends.above)] : [ends.below, ends.above];
  return {
    value,
    lower: Math.max(least ?? Number.NEGATIVE_INFINITY, value - below * standardError),
    upper: Math.min(most ?? Number.POSITIVE_INFINITY, value + above * standardError),
  };
};

/** A mean with Student's interval, corrected for the skewness of what it is of. */
export const estimateMean = (
  values: ArrayLike<number>,
  bounds: Known = {},
  sampling: Sampling | null = null,
): Estimate => {
  const center = meanOf(values, sampling?.weights);
  if (sampling === null) {
    const known = { skewness: skewnessOf(values), ...bounds };
    return estimateWithError(center, Math.sqrt(sampleVariance(values) / values.length), values.length, known);
  }
  const deviations = doublesOf(values, (value) => value - center);
  const { standardError, units, skewness } = errorOfMean(deviations, sampling);
  return estimateWithError(center, standardError, units, { skewness, ...bounds });
};

/** A mean of what is never negative: neither is its interval. */
export const estimatePositiveMean = (values: ArrayLike<number>, sampling: Sampling | null = null): Estimate =>
  estimateMean(values, { least: 0 }, sampling);

/** A share with Wilson's score interval (Wilson 1927), which is right for small samples and for shares near 0 and 1. */
export const estimateShare = (hits: number, rows: number): Estimate => {
  const share = hits / rows;
  const z2 = z95 ** 2;
  const center = (share + z2 / (2 * rows)) / (1 + z2 / rows);
  const half = (z95 * Math.sqrt((share * (1 - share)) / rows + z2 / (4 * rows ** 2))) / (1 + z2 / rows);
  // At 0 and 1 the formula ends there exactly; rounding does not.
  return {
    value: share,
    lower: hits === 0 ? 0 : Math.max(0, center - half),
    upper: hits === rows ? 1 : Math.min(1, center + half),
  };
};

/**
 * A share of predictions that are right (1) or not (0), with Wilson's interval. Those that are no independent rows, or are weighted, count as so many independent ones as give
 * their variance, and never as more than there are units (Korn & Graubard 1998).
 */
export const estimateHits = (hits: ArrayLike<number>, sampling: Sampling | null): Estimate => {
  if (sampling === null) return estimateShare(Math.round(mean(hits) * hits.length), hits.length);
  const share = meanOf(hits, sampling.weights);
  const deviations = weighed(
    doublesOf(hits, (hit) => hit - share),
    sampling,
  );
  const units = countUnits(sampling);
  // Wilson's variance share · (1 − share) / n is of the whole, without the n − 1 of a sample's.
  const variance = ((units - 1) / units) * (unitVariance(deviations, sampling) / hits.length ** 2);
  const alike = variance > 0 ? (share * (1 - share)) / variance : units;
  const rows = Math.min(units, alike) / sampling.inflation;
  return estimateShare(share * rows, rows);
};

/**
 * 1 − mean(a) / mean(b), such as R² of squared errors and squared deviations, with the interval of the delta method, which ends at 1: the influence
 * of a row on the ratio r is (a − r·b) / mean(b). Null where mean(b) is 0.
 */
export const estimateExplained = (
  a: Float64Array,
  b: Float64Array,
  sampling: Sampling | null = null,
): Estimate | null => {
  const scale = meanOf(b, sampling?.weights);
  if (scale === 0) return null;
  const ratio = meanOf(a, sampling?.weights) / scale;
  const influences = doublesOf(a, (value, i) => (value - ratio * b[i]!) / scale);
  if (sampling !== null) {
    const { standardError, units, skewness } = errorOfMean(influences, sampling);
    return estimateWithError(1 - ratio, standardError, units, { most: 1, skewness: -skewness });
  }
  const known = { most: 1, skewness: -skewnessOf(influences) };
  return estimateWithError(1 - ratio, Math.sqrt(sampleVariance(influences) / a.length), a.length, known);
};

/** The square root of a mean of squares, its interval carried through the root. */
export const estimateRootMean = (squares: Float64Array, sampling: Sampling | null = null): Estimate => {
  const { value, lower, upper } = estimatePositiveMean(squares, sampling);
  const root = (end: number | null): number | null => (end === null ? null : Math.sqrt(end));
  return { value: Math.sqrt(value), lower: root(lower), upper: root(upper) };
};

export const quantilesOf = (values: Float64Array, shares: readonly number[]): { share: number; value: number }[] => {
  const sorted = values.toSorted();
  return shares.map((share) => ({ share, value: sampleQuantile(sorted, share) }));
};

/**
 * The bound of split conformal prediction (Vovk et al. 2005; Lei et al. 2018): the ⌈(n + 1) · coverage⌉-th smallest of the scores of
 * rows that training has not seen. A new row's score is at most this with the probability `coverage` at least, whatever the
 * distribution, if rows are exchangeable. Null where n is too small for that.
 */
export const conformalBound = (scores: Float64Array, coverage: number): number | null => {
  const rank = rankOf(scores.length, coverage);
  return rank > scores.length ? null : valueAtRank(scores, rank - 1);
};

/** Ranks from 1; equal values share the mean of theirs. */
export const ranksOf = (values: Float64Array): Float64Array => {
  const order = orderOf(values);
  const ranks = new Float64Array(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end]!] === values[order[first]!]) end += 1;
    for (let i = first; i < end; i++) ranks[order[i]!] = (first + 1 + end) / 2;
    first = end;
  }
  return ranks;
};

/** Pearson's correlation; null where one of them does not vary. */
export const correlation = (a: Float64Array, b: Float64Array): number | null => {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    products += (a[i]! - meanA) * (b[i]! - meanB);
    squaresA += (a[i]! - meanA) ** 2;
    squaresB += (b[i]! - meanB) ** 2;
  }
  return squaresA === 0 || squaresB === 0 ? null : products / Math.sqrt(squaresA * squaresB);
};
