import type { Coefficient, Uncertainty } from "../../domain/models/inference.ts";
import { quantile95, twoSidedTail } from "../coefficients/tail-probability.ts";
import { weightAt } from "../sampling.ts";
import { columnsOf, type SolvedFit } from "./solved-fit.ts";

const uncertaintyOf = (estimate: number, variance: number, degrees: number): Uncertainty | null => {
  const standardError = Math.sqrt(variance);
  if (!(standardError > 0) || !Number.isFinite(standardError)) return null;
  const statistic = estimate / standardError;
  const half = quantile95(degrees) * standardError;
  return {
    standardError,
    statistic,
    pValue: twoSidedTail(statistic, degrees),
    lower: estimate - half,
    upper: estimate + half,
  };
};

const nothing = { standardError: null, statistic: null, pValue: null, lower: null, upper: null };

/** Σ w (xⱼ − mean)² of each column. */
const variations = (fit: SolvedFit): Float64Array => {
  const { labels, columns } = fit;
  const x = new Float64Array(columns.length);
  const total = fit.weights === null ? labels.length : fit.weights.reduce((sum, weight) => sum + weight, 0);
  const [sums, squares] = [new Float64Array(columns.length), new Float64Array(columns.length)];
  for (let row = 0; row < labels.length; row++) {
    columnsOf(fit, row, x);
    for (let j = 0; j < x.length; j++) sums[j]! += (weightAt(fit, row) * x[j]!) / total;
  }
  for (let row = 0; row < labels.length; row++) {
    columnsOf(fit, row, x);
    for (let j = 0; j < x.length; j++) squares[j]! += weightAt(fit, row) * (x[j]! - sums[j]!) ** 2;
  }
  return squares;
};

/** 1/(1 − R²) of each column on the others: its variance times its variation, where the variance of a row is the same for all. */
const inflations = (fit: SolvedFit): Float64Array | null => {
  const { model, covariance, columns } = fit;
  if (model !== "linear" || covariance === null) return null;
  const squares = variations(fit);
  return Float64Array.from(columns, (_, j) => covariance[j * columns.length + j]! * squares[j]!);
};

/** What is meant by one more unit: a ratio of odds, rates or means. */
const ratioOf = (
  model: SolvedFit["model"],
  term: string,
  estimate: number,
  own: Uncertainty | null,
): Coefficient["ratio"] => {
  if (model === "linear" || model === "quantile" || term === "(intercept)") return null;
  const value = Math.exp(estimate);
  const [lower, upper] = own === null ? [null, null] : [Math.exp(own.lower), Math.exp(own.upper)];
  return Number.isFinite(value) && (upper === null || Number.isFinite(upper)) ? { value, lower, upper } : null;
};

/** The table of coefficients: estimates in the units of the data, with the errors that each assumption gives. */
export const solvedCoefficients = (
  fit: SolvedFit,
  errors: { dispersion: number; degrees: number; robust: Float64Array | null; clustered: Float64Array | null },
): Coefficient[] => {
  const { model, terms, coefficients, covariance, indeterminate, preprocessing, clusters, columns } = fit;
  const width = terms.length;
  const size = coefficients.length;
  const { label } = preprocessing;
  const unknown = new Set(indeterminate);
  const inflation = inflations(fit);
  const unbounded = fit.ending === "separated";
  return Array.from(coefficients, (estimate, at): Coefficient => {
    const j = at % width;
    const of = (matrix: Float64Array | null, factor: number, degrees: number): Uncertainty | null =>
      matrix === null || unknown.has(j) ? null : uncertaintyOf(estimate, factor * matrix[at * size + at]!, degrees);
    const own = of(covariance, errors.dispersion, errors.degrees);
    const inflated = inflation === null || columns[0] !== -1 || j === 0 || unknown.has(j) ? null : inflation[j]!;
    return {
      term: terms[j]!.name,
      ...(model === "softmax" && label.type === "classes" ? { class: label.classes[Math.floor(at / width) + 1]! } : {}),
      // Where the iterations ended says nothing of coefficients that grow for ever.
      estimate: unbounded ? null : estimate,
      ...(own ?? nothing),
      ratio: unbounded ? null : ratioOf(model, terms[j]!.name, estimate, own),
      robust: of(errors.robust, 1, errors.degrees),
      clustered: of(errors.clustered, 1, clusters === null || model !== "linear" ? errors.degrees : clusters.count - 1),
      varianceInflation: inflated,
    };
  });
};
