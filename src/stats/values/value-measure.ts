import type { LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";
import type { RowMeasure } from "../../domain/models/parts/row-measure.ts";
import { digamma64, logGamma64, trigamma64 } from "../../engine/kernels/gamma64.ts";
import { logPoisson, pinball } from "../regression-report.ts";

/** What a row says of a model that predicts numbers, larger is better. */
export interface ValueMeasure {
  readonly measure: RowMeasure;
  of(truth: number, predicted: number): number;
}

const least = 2 ** -126;

/** ln NB(y; μ, θ), of the variance μ + μ²/θ; without θ Poisson's. */
export const logNegativeBinomial = (y: number, mean: number, theta: number | null): number => {
  if (theta === null) return logPoisson(y, mean);
  const positive = Math.max(mean, least);
  // y·ln(μ/(θ + μ)) + θ·ln(θ/(θ + μ)) + ln Γ(θ + y) − ln Γ(θ) − ln y!
  const rate = y === 0 ? 0 : -y * Math.log1p(theta / positive);
  return rate - theta * Math.log1p(positive / theta) + logGamma64(theta + y) - logGamma64(theta) - logGamma64(y + 1);
};

/** ln of the Gamma density of the mean μ and the shape α, of the variance μ²/α. */
export const logGammaDensity = (y: number, mean: number, shape: number): number => {
  const scale = Math.max(mean, least) / shape;
  return (shape - 1) * Math.log(y) - y / scale - shape * Math.log(scale) - logGamma64(shape);
};

/**
 * The most likely shape of a Gamma distribution: ln α − ψ(α) = mean of y/μ − ln(y/μ) − 1 (half of the mean deviance).
 * @param excess that mean less 1
 * @returns null where the rows are fitted without an error
 */
export const gammaShape = (excess: number): number | null => {
  if (!(excess > 1e-12)) return null;
  // ln α − ψ(α) = 1/(2α) + 1/(12α²) + …
  if (excess < 1e-6) return 1 / (2 * excess);
  // Near enough to begin with (Minka 2002).
  let shape = (3 - excess + Math.sqrt((excess - 3) ** 2 + 24 * excess)) / (12 * excess);
  for (let step = 0; step < 50; step++) {
    const wrong = Math.log(shape) - digamma64(shape) - excess;
    const next = shape / (1 + wrong / (1 - shape * trigamma64(shape)));
    const change = Math.abs(next - shape);
    shape = next > 0 ? next : shape / 2;
    if (change < 1e-13 * shape) break;
  }
  return shape;
};

/**
 * What rows are measured by where the loss is this one; Huber's, which has a unit of its own, by the squared error.
 * @param shape of a Gamma its α, of a negative binomial its θ; null where it is not known: then 1, and Poisson's distribution
 */
export const valueMeasure = (loss: LossSpec, shape: number | null = null): ValueMeasure => {
  switch (loss.type) {
    case "poisson_nll":
      return { measure: "log_likelihood", of: logPoisson };
    case "negative_binomial_nll":
      return { measure: "log_likelihood", of: (y, mean) => logNegativeBinomial(y, mean, shape) };
    case "gamma_nll":
      return { measure: "log_likelihood", of: (y, mean) => logGammaDensity(y, mean, shape ?? 1) };
    case "mean_absolute_error":
      return { measure: "absolute_error", of: (truth, predicted) => -Math.abs(truth - predicted) };
    case "pinball":
      return { measure: "pinball", of: (truth, predicted) => -pinball(loss.quantile, truth, predicted) };
    default:
      return { measure: "squared_error", of: (truth, predicted) => -((truth - predicted) ** 2) };
  }
};
