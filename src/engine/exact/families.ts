import { exp64, log64, sigmoid64, softplus64 } from "../kernels/math64.ts";

/** A likelihood of one linear predictor η: all that Newton's method asks of it. */
export interface Family {
  /** The row's root of d²(−ln p)/dη² and −d(−ln p)/dη over it: row and right-hand side of the least-squares problem of a step. */
  working(label: number, eta: number): { weight: number; right: number };
  /** −ln p(label) up to what does not depend on η. */
  loss(label: number, eta: number): number;
  /** −d(−ln p)/dη */
  score(label: number, eta: number): number;
  /** Where the intercept starts, from the labels' mean. */
  start(mean: number): number;
  /** The curvature that is expected, which errors go by; left out: it does not depend on the label, as for canonical links. */
  expected?(eta: number): number;
}

/** Logits are held within it: beyond, probabilities are 0 and 1 to the last bit. */
const farthest = 700;
export const held = (eta: number): number => Math.min(farthest, Math.max(-farthest, eta));

/** Labels 0 and 1, P(1) = 1/(1 + e⁻ᶯ). */
const bernoulli: Family = {
  working: (label, eta) => {
    const half = exp64(held(eta) / 2);
    // (y − p)/√(p(1 − p)) without cancellation: e^(−η/2) of a one, −e^(η/2) of a zero.
    return { weight: 1 / (half + 1 / half), right: label > 0.5 ? 1 / half : -half };
  },
  loss: (label, eta) => softplus64(label > 0.5 ? -eta : eta),
  score: (label, eta) => (label > 0.5 ? sigmoid64(-eta) : -sigmoid64(eta)),
  start: (mean) => log64(mean / (1 - mean)),
};

/** Counts with the rate e^η; the loss is e^η − y·η. */
const poisson: Family = {
  working: (label, eta) => {
    const root = exp64(held(eta) / 2);
    return { weight: root, right: label / root - root };
  },
  loss: (label, eta) => exp64(held(eta)) - label * eta,
  score: (label, eta) => label - exp64(held(eta)),
  start: log64,
};

/** A row of a tiny label bends no less than this: its step stays a number, and where the steps end is the same. */
const leastCurvature = 2 ** -20;

/** Positive numbers with the mean e^η and a variance of φ·e^2η; the loss is y·e^−η + η, the negative log-likelihood times φ. */
const gamma: Family = {
  working: (label, eta) => {
    const ratio = label * exp64(-held(eta));
    const weight = Math.sqrt(Math.max(ratio, leastCurvature));
    return { weight, right: (ratio - 1) / weight };
  },
  loss: (label, eta) => label * exp64(-held(eta)) + eta,
  score: (label, eta) => label * exp64(-held(eta)) - 1,
  start: log64,
  expected: () => 1,
};

export const families = { logistic: bernoulli, poisson, gamma } as const;
