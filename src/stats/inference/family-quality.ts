import type { TrainingFit } from "../../domain/models/parts/training-fit.ts";
import { digamma64, trigamma64 } from "../../engine/kernels/gamma64.ts";
import { pinball } from "../regression-report.ts";
import { meanOf, weightAt } from "../sampling.ts";
import { gammaShape, logGammaDensity, logNegativeBinomial } from "../values/value-measure.ts";
import { weightedQuantile } from "../values/weighted-quantile.ts";
import { createMeans, pearsonOf, type SolvedFit } from "./solved-fit.ts";

/** How well a solved model fits its rows, and Pearson's χ². */
export interface FitQuality extends TrainingFit {
  /** Σ w (y − μ)²/V(μ); null for softmax and quantiles. */
  pearson: number | null;
}

const sumOf = (fit: SolvedFit, of: (row: number) => number): number => {
  let sum = 0;
  for (let row = 0; row < fit.labels.length; row++) sum += weightAt(fit, row) * of(row);
  return sum;
};

const meansOf = (fit: SolvedFit): Float64Array => {
  const means = createMeans(fit);
  return Float64Array.from({ length: fit.labels.length }, (_, row) => means(row).means[0]!);
};

const chiSquaredOf = (fit: SolvedFit, means: Float64Array): number =>
  sumOf(fit, (row) => pearsonOf(fit, fit.labels[row]!, means[row]!));

/** Of a Gamma likelihood D = 2 Σ w·((y − μ)/μ − ln(y/μ)); the log-likelihood is that of the dispersion D/Σw, as R's. */
export const ofPositives = (fit: SolvedFit): FitQuality => {
  const { labels, offsets } = fit;
  const rows = labels.length;
  const means = meansOf(fit);
  const unit = (row: number): number => (offsets === null ? 1 : Math.exp(offsets[row]!));
  const total = sumOf(fit, () => 1);
  // The model that knows nothing has one mean of one unit: its score is Σ w·(y/μ − 1).
  const center = sumOf(fit, (row) => labels[row]! / unit(row)) / total;
  const devianceOf = (mean: (row: number) => number): number =>
    2 *
    sumOf(fit, (row) => {
      const ratio = labels[row]! / mean(row);
      return ratio - 1 - Math.log(ratio);
    });
  const deviance = devianceOf((row) => means[row]!);
  const nullDeviance = devianceOf((row) => center * unit(row));
  const logLikelihood =
    deviance > 2 ** -80 * nullDeviance
      ? sumOf(fit, (row) => logGammaDensity(labels[row]!, means[row]!, total / deviance))
      : null;
  return { rows, logLikelihood, deviance, nullDeviance, pearson: chiSquaredOf(fit, means) };
};

/** α of the largest likelihood, of the variance μ²/α, and its standard error (of weighted rows those of the precision weights, as MASS's gamma.shape). */
export const shapeOfPositives = (fit: SolvedFit): { estimate: number; standardError: number } | null => {
  const means = meansOf(fit);
  const total = sumOf(fit, () => 1);
  const excess = sumOf(fit, (row) => {
    const ratio = fit.labels[row]! / means[row]!;
    return ratio - 1 - Math.log(ratio);
  });
  let estimate = gammaShape(excess / total);
  if (estimate === null) return null;
  let information = 0;
  for (let step = 0; step < 100; step++) {
    const at: number = estimate;
    const scoreOf = (shape: number): number => Math.log(shape) - digamma64(shape);
    const score = sumOf(fit, (row) => scoreOf(weightAt(fit, row) * at)) - excess;
    information = sumOf(fit, (row) => weightAt(fit, row) * trigamma64(weightAt(fit, row) * at) - 1 / at);
    const next: number = at + score / information;
    estimate = next > 0 ? next : at / 2;
    if (Math.abs(estimate - at) < 1e-13 * at) break;
  }
  return information > 0 ? { estimate, standardError: 1 / Math.sqrt(information) } : null;
};

/** One rate of one unit: Σ w·(y − μ)/(1 + μ/θ) = 0. */
const centerOf = (fit: SolvedFit, unit: (row: number) => number, theta: number | null): number => {
  const { labels, offsets, weights } = fit;
  const mean = meanOf(labels, weights);
  if (offsets === null) return mean;
  const first = mean / meanOf(Float64Array.from(offsets, Math.exp), weights);
  if (theta === null) return first;
  // The score falls with ln rate: where a step of Newton's leaves what is left between, it goes to the middle, or a way on.
  let [at, low, high] = [Math.log(first), Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let step = 0; step < 200; step++) {
    const rate = Math.exp(at);
    const bent = (row: number): number => 1 + (rate * unit(row)) / theta;
    const score = sumOf(fit, (row) => (labels[row]! - rate * unit(row)) / bent(row));
    const information = sumOf(fit, (row) => (rate * unit(row) * (1 + labels[row]! / theta)) / bent(row) ** 2);
    if (score > 0) low = at;
    else high = at;
    const wanted = at + score / information;
    const middle = Number.isFinite(high - low) ? (low + high) / 2 : at + (score > 0 ? 4 : -4);
    const next = wanted >= low && wanted <= high && Math.abs(wanted - at) < 4 ? wanted : middle;
    const change = next - at;
    at = next;
    if (Math.abs(change) < 1e-13) break;
  }
  return Math.exp(at);
};

/** Of negative binomial counts, θ being that of the fit in all three likelihoods, as R's. */
export const ofDispersedCounts = (fit: SolvedFit): FitQuality => {
  const { labels, offsets, dispersion } = fit;
  const theta = dispersion?.estimate ?? null;
  const unit = (row: number): number => (offsets === null ? 1 : Math.exp(offsets[row]!));
  const means = meansOf(fit);
  const center = centerOf(fit, unit, theta);
  const logOf = (mean: (row: number) => number): number =>
    sumOf(fit, (row) => logNegativeBinomial(labels[row]!, mean(row), theta));
  const own = logOf((row) => means[row]!);
  const best = logOf((row) => labels[row]!);
  const none = logOf((row) => center * unit(row));
  return {
    ...{ rows: labels.length, logLikelihood: own, deviance: 2 * (best - own), nullDeviance: 2 * (best - none) },
    pearson: chiSquaredOf(fit, means),
  };
};

/** Of a quantile Σ w·ρ, with the log-likelihood of the asymmetric Laplace distribution whose maximum it is (Koenker & Machado 1999). */
export const ofQuantile = (fit: SolvedFit): FitQuality => {
  const { labels, objective, weights, quantile } = fit;
  const rows = labels.length;
  const level = quantile?.level ?? 0.5;
  const center = weightedQuantile(labels, weights, level);
  const nullDeviance = sumOf(fit, (row) => pinball(level, labels[row]!, center));
  const logWeights = weights === null ? 0 : weights.reduce((sum, weight) => sum + Math.log(weight), 0);
  const logLikelihood =
    objective > 2 ** -40 * nullDeviance
      ? rows * (Math.log(level * (1 - level)) - 1 - Math.log(objective / rows)) + logWeights
      : null;
  return { rows, logLikelihood, deviance: objective, nullDeviance, pearson: null };
};
