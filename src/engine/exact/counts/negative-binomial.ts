import { logGamma64 } from "../../kernels/gamma64.ts";
import { exp64, log1p64, log64, softplus64 } from "../../kernels/math64.ts";
import { type Design, type Observed, predictorOf } from "../design.ts";
import { type Family, families, held } from "../families.ts";
import { type Dispersion, mostLikelyDispersion, risingTotal } from "./dispersion.ts";

/** Counts with the mean μ = e^η and the variance μ + μ²/θ (NB2), θ known; the loss is (y + θ)·ln(1 + μ/θ) − y·η. */
const negativeBinomial = (theta: number): Family => {
  const logTheta = log64(theta);
  return {
    working: (label, eta) => {
      const root = exp64(held(eta) / 2);
      // (1 + y/θ)·μ/(1 + μ/θ)² and (y − μ)/(1 + μ/θ)
      const bend = Math.sqrt(1 + label / theta);
      return { weight: (bend * root) / (1 + (root * root) / theta), right: (label / root - root) / bend };
    },
    loss: (label, eta) => (label + theta) * softplus64(eta - logTheta) - label * eta,
    score: (label, eta) => {
      const mean = exp64(held(eta));
      return (label - mean) / (1 + mean / theta);
    },
    start: log64,
    expected: (eta) => {
      const mean = exp64(held(eta));
      return mean / (1 + mean / theta);
    },
  };
};

/** −ln p of a count up to ln y!: with what θ alone has a part in. Without θ Poisson's. */
export const countLoss = (label: number, mean: number, theta: number | null): number => {
  const log = log64(mean);
  if (theta === null) return mean - label * log;
  const rising = logGamma64(theta + label) - logGamma64(theta) - label * log64(theta);
  return (label + theta) * log1p64(mean / theta) - label * log - rising;
};

/** The means that coefficients give. */
const meansAt = (design: Design, { offsets }: Observed, beta: Float64Array): Float64Array =>
  Float64Array.from({ length: design.rows }, (_, row) => {
    const own = predictorOf(design, row, beta);
    return exp64(held(offsets === null ? own : own + offsets[row]!));
  });

/**
 * The negative binomial likelihood whose θ is the most likely one for the coefficients. Newton's steps at the θ of each alternate with it, as the two are
 * orthogonal (Lawless 1987); without overdispersion it is Poisson's. `last`: what the last call has found.
 */
export const createNegativeBinomial = (design: Design, observed: Observed) => {
  let last: { dispersion: Dispersion; rising: number } = { dispersion: null, rising: 0 };
  const familyAt = (beta: Float64Array): Family => {
    const counted = {
      labels: observed.labels,
      means: meansAt(design, observed, beta),
      weights: observed.weights,
    };
    const dispersion = mostLikelyDispersion(counted);
    last = { dispersion, rising: dispersion === null ? 0 : risingTotal(counted, dispersion.estimate) };
    return dispersion === null ? families.poisson : negativeBinomial(dispersion.estimate);
  };
  return { familyAt, last: () => last };
};
