import type { Estimate } from "../domain/models/estimate.ts";
import type { RegressionReport } from "../domain/models/report.ts";
import {
  conformalBound,
  correlation,
  estimateExplained,
  estimateMean,
  estimatePositiveMean,
  estimateRootMean,
  estimateShare,
  mean,
  quantilesOf,
  ranksOf,
  sampleVariance,
} from "./estimate.ts";
import { differences } from "./order-of.ts";
import { constantLabel, fewRows } from "./report-notes.ts";
import { meanOf, type Sampling } from "./sampling.ts";

const coverage = 0.9;
const shares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;

/** Whose likelihood a row's truth has, given the prediction: ln p(truth). */
export interface Likelihood {
  distribution: string;
  logOf(row: number): number;
  /** Of the model that knows only the mean of the training labels, and of the one that knows every truth: null where ln p has no bound. */
  deviance: { nullLogOf(row: number): number; saturatedLogOf(row: number): number } | null;
}

/** What a regression answered on the rows of one split, in the label's units. */
export interface ValueAnswers {
  split: RegressionReport["split"];
  predictions: Float64Array;
  truths: Float64Array;
  /** Null where the loss is no likelihood. */
  likelihood: Likelihood | null;
  /** The label is a count. */
  counts: boolean;
  /** Of a quantile: which, and what the training rows' own is for each row. Left out: of other losses. */
  quantile?: { level: number; nullOf(row: number): number } | null;
  /** Of a quantile with those about it: what the model says these are of each row. Left out: of others. */
  about?: { interval: number; lower: Float64Array; upper: Float64Array } | null;
  /** Of a cross-validation, whose predictions are of several models. Left out: one model, and each row once. */
  sampling?: Sampling | null;
}

/** ρ(y − q) at a level: what its quantile makes small. */
export const pinball = (level: number, truth: number, predicted: number): number =>
  (truth - predicted) * (truth < predicted ? level - 1 : level);

/** ln N(y; μ, σ²) */
export const logNormal = (y: number, location: number, variance: number): number =>
  -0.5 * (Math.log(2 * Math.PI * variance) + (y - location) ** 2 / variance);

/** ln n! by Stirling's series (Abramowitz & Stegun 6.1.41) from 10 on, by the product below. */
const logFactorial = (n: number): number => {
  if (n < 10) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
};

/** ln Poisson(y; rate) */
export const logPoisson = (y: number, rate: number): number => {
  const positive = Math.max(rate, 2 ** -126);
  return y * Math.log(positive) - positive - logFactorial(y);
};

/** Mean of ((x − mean) / sd)^power; null where nothing varies. */
const standardMoment = (values: Float64Array, power: number): number | null => {
  const center = mean(values);
  const spread = Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
  return spread === 0 ? null : mean(values.map((value) => ((value - center) / spread) ** power));
};

const describeResiduals = (
  residuals: Float64Array,
  predictions: Float64Array,
  unit: number,
): RegressionReport["residuals"] => {
  const kurtosis = standardMoment(residuals, 4);
  return {
    standardDeviation: residuals.length === 1 ? null : Math.sqrt(sampleVariance(residuals)) * unit,
    skewness: standardMoment(residuals, 3),
    excessKurtosis: kurtosis === null ? null : kurtosis - 3,
    quantiles: quantilesOf(residuals, shares).map(({ share, value }) => ({ share, value: value * unit })),
    spreadCorrelation: correlation(ranksOf(residuals.map(Math.abs)), ranksOf(predictions)),
  };
};

/** 1 − D/D₀ with the deviance D = 2 Σ (ln p of the truth itself − ln p of the prediction), D₀ that of the training mean. */
const explainDeviance = (likelihood: Likelihood | null, rows: number, sampling: Sampling | null): Estimate | null => {
  if (!likelihood?.deviance) return null;
  const { nullLogOf, saturatedLogOf } = likelihood.deviance;
  const short = (logOf: (row: number) => number): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) => saturatedLogOf(row) - logOf(row));
  return estimateExplained(short(likelihood.logOf), short(nullLogOf), sampling);
};

const shareOf = (hits: Float64Array, sampling: Sampling | null): Estimate =>
  sampling === null
    ? estimateShare(
        hits.reduce((sum, hit) => sum + hit, 0),
        hits.length,
      )
    : estimateMean(hits, { least: 0, most: 1 }, sampling);

/** Mean ρ(y − q) and how many labels are below, of rows in the units that they are given in. */
const describeQuantile = (
  level: number,
  truths: Float64Array,
  predictions: Float64Array,
  sampling: Sampling | null,
): NonNullable<RegressionReport["below"]> => ({
  quantile: level,
  share: shareOf(
    truths.map((truth, row) => (truth < predictions[row]! ? 1 : 0)),
    sampling,
  ),
  pinball: estimatePositiveMean(
    truths.map((truth, row) => pinball(level, truth, predictions[row]!)),
    sampling,
  ),
});

/** How often labels lie between their two quantiles, and how far these are apart. */
const describeBetween = (
  { interval, lower, upper }: NonNullable<ValueAnswers["about"]>,
  truths: Float64Array,
  sampling: Sampling | null,
): NonNullable<RegressionReport["between"]> => ({
  interval,
  share: shareOf(
    truths.map((truth, row) => (lower[row]! <= truth && truth <= upper[row]! ? 1 : 0)),
    sampling,
  ),
  width: estimatePositiveMean(
    upper.map((end, row) => end - lower[row]!),
    sampling,
  ),
});

/** Within it the squares of squares that variances of squares are made of are doubles. */
const [smallest, largest] = [1e-60, 1e60];

/** What the values are measured in meanwhile: 1, or for very large and very small ones the power of two below the largest, so that no bit is lost. */
const unitOf = (...values: readonly Float64Array[]): number => {
  let most = 0;
  for (const some of values) for (const value of some) most = Math.max(most, Math.abs(value));
  return most === 0 || (most > smallest && most < largest) ? 1 : 2 ** Math.floor(Math.log2(most));
};

const inUnits = (estimate: Estimate, unit: number): Estimate => ({
  value: estimate.value * unit,
  lower: estimate.lower === null ? null : estimate.lower * unit,
  upper: estimate.upper === null ? null : estimate.upper * unit,
});

/** As far as sums of such values are rounded. */
const roundingOf = (values: Float64Array): number => 8 * Number.EPSILON * mean(values.map(Math.abs));

/** The report of a regression on rows with known values; at least one row. Residual: prediction − truth. */
export const reportRegression = (answers: ValueAnswers): RegressionReport => {
  const { split, likelihood, counts, quantile = null, about = null } = answers;
  const sampling = answers.sampling ?? null;
  const unit = unitOf(answers.truths, answers.predictions);
  const [truths, predictions] = [answers.truths, answers.predictions].map((values) =>
    values.map((value) => value / unit),
  ) as [Float64Array, Float64Array];
  const residuals = differences(predictions, truths);
  const squares = residuals.map((residual) => residual ** 2);
  const absolutes = residuals.map(Math.abs);
  const center = meanOf(truths, sampling?.weights);
  const bias = estimateMean(residuals, { eitherSide: true }, sampling);
  // Least squares leave residuals whose mean on the training rows is 0: what else there is of it is rounding.
  const own = Math.abs(bias.value) <= roundingOf(truths) ? 0 : bias.value;
  const logs = likelihood && truths.map((_, row) => likelihood.logOf(row));
  const constant = truths.every((truth) => truth === truths[0]);
  const halfWidth = split === "train" || split === "out_of_fold" ? null : conformalBound(absolutes, coverage);
  return {
    task: "regression",
    split,
    rows: truths.length,
    distribution: likelihood?.distribution ?? null,
    // A density may be above 1; a probability is not, nor is its logarithm above 0.
    logLikelihood: logs && estimateMean(logs, counts ? { most: 0 } : {}, sampling),
    devianceExplained: quantile
      ? estimateExplained(
          truths.map((truth, row) => pinball(quantile.level, truth, predictions[row]!)),
          truths.map((truth, row) => pinball(quantile.level, truth, quantile.nullOf(row) / unit)),
          sampling,
        )
      : explainDeviance(likelihood, truths.length, sampling),
    rootMeanSquaredError: inUnits(estimateRootMean(squares, sampling), unit),
    meanAbsoluteError: inUnits(estimatePositiveMean(absolutes, sampling), unit),
    // Of equal labels the mean may differ in the last bit: their variance is then nearly 0, and R² nearly −∞.
    r2: constant
      ? null
      : estimateExplained(
          squares,
          truths.map((truth) => (truth - center) ** 2),
          sampling,
        ),
    bias: inUnits({ ...bias, value: own }, unit),
    residuals: describeResiduals(residuals, predictions, unit),
    below: quantile && describeQuantile(quantile.level, answers.truths, answers.predictions, sampling),
    between: about && describeBetween(about, answers.truths, sampling),
    dispersion: counts
      ? unit *
        meanOf(
          squares.map((square, row) => square / Math.max(predictions[row]!, 2 ** -126)),
          sampling?.weights,
        )
      : null,
    predictionInterval: halfWidth === null ? null : { coverage, halfWidth: halfWidth * unit },
    coefficients: null,
    trainingFit: null,
    solution: null,
    inference: null,
    conformal: null,
    against: null,
    crossValidation: null,
    learningCurve: null,
    explained: null,
    residualsByFeature: null,
    weights: null,
    notes: [
      ...(constant && truths.length > 1 ? [constantLabel(split, `${answers.truths[0]}`, "R²")] : []),
      ...fewRows(split, truths.length, coverage, sampling),
    ],
  };
};
