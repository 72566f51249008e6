import { digamma64, logGamma64, trigamma64 } from "../../kernels/gamma64.ts";
import { exp64, log1p64, log64 } from "../../kernels/math64.ts";

/** Counts y with means μ and variances μ + μ²/θ. */
export interface CountedMeans {
  readonly labels: Float64Array;
  readonly means: Float64Array;
  /** How much each row's −ln p counts; null: once. */
  readonly weights: Float64Array | null;
}

/** θ of the largest likelihood, and its standard error by the observed information; null: the counts vary no more than Poisson's, and it has no end. */
export type Dispersion = { readonly estimate: number; readonly standardError: number } | null;

/** Labels that occur are few: what depends on them alone is computed once for each. */
const weightsByLabel = ({ labels, weights }: CountedMeans): [number, number][] => {
  const byLabel = new Map<number, number>();
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    byLabel.set(label, (byLabel.get(label) ?? 0) + (weights === null ? 1 : weights[row]!));
  }
  return [...byLabel].filter(([label]) => label > 0).sort(([a], [b]) => a - b);
};

/** Whole numbers up to which a rising product is taken factor by factor, which loses no digits where θ is large. */
const mostFactors = 200;
const isShort = (label: number): boolean => label <= mostFactors && Math.floor(label) === label;

/** ψ(θ + y) − ψ(θ) and −(ψ′(θ + y) − ψ′(θ)) */
const risingOf = (label: number, theta: number): { first: number; second: number } => {
  if (!isShort(label))
    return {
      first: digamma64(theta + label) - digamma64(theta),
      second: trigamma64(theta) - trigamma64(theta + label),
    };
  let [first, second] = [0, 0];
  for (let j = 0; j < label; j++) {
    const part = 1 / (theta + j);
    first += part;
    second += part * part;
  }
  return { first, second };
};

/** Σ w·(ln Γ(θ + y) − ln Γ(θ) − y ln θ), what of the log-likelihood the means have no part in. */
export const risingTotal = (counted: CountedMeans, theta: number): number => {
  let sum = 0;
  for (const [label, weight] of weightsByLabel(counted)) {
    let own = 0;
    if (isShort(label)) for (let j = 1; j < label; j++) own += log1p64(j / theta);
    else own = logGamma64(theta + label) - logGamma64(theta) - label * log64(theta);
    sum += weight * own;
  }
  return sum;
};

/** d ln L/dθ and −d² ln L/dθ² (Venables & Ripley 2002, 7.4). */
const scoreOf = (counted: CountedMeans, byLabel: readonly [number, number][], theta: number) => {
  const { labels, means, weights } = counted;
  let [score, information] = [0, 0];
  for (const [label, weight] of byLabel) {
    const { first, second } = risingOf(label, theta);
    score += weight * first;
    information += weight * second;
  }
  for (let row = 0; row < labels.length; row++) {
    const weight = weights === null ? 1 : weights[row]!;
    const mean = means[row]!;
    const sum = mean + theta;
    score += weight * ((mean - labels[row]!) / sum - log1p64(mean / theta));
    information += weight * (2 / sum - 1 / theta - (labels[row]! + theta) / (sum * sum));
  }
  return { score, information };
};

/** Beyond it a negative binomial is a Poisson distribution to the last digits. */
const mostTheta = 1e9;
const [leastLog, mostLog] = [-25, 21];
const mostSteps = 200;

/** Whether the likelihood grows where θ comes down from infinity: Σ w·((y − μ)² − y) > 0. */
const isOverdispersed = ({ labels, means, weights }: CountedMeans): boolean => {
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    const error = labels[row]! - means[row]!;
    sum += (weights === null ? 1 : weights[row]!) * (error * error - labels[row]!);
  }
  return sum > 0;
};

/** The most likely θ for these means: Newton's method in ln θ, held between bounds that close in. A function of the means alone, wherever a fit has come from. */
export const mostLikelyDispersion = (counted: CountedMeans): Dispersion => {
  if (!isOverdispersed(counted)) return null;
  const byLabel = weightsByLabel(counted);
  let [low, high, at] = [leastLog, mostLog, 0];
  let theta = 1;
  let { score, information } = scoreOf(counted, byLabel, theta);
  for (let step = 0; step < mostSteps; step++) {
    if (score > 0) low = at;
    else high = at;
    // d²/d(ln θ)² = θ·score − θ²·information
    const bend = information * theta - score;
    const wanted = at + score / bend;
    const next = bend > 0 && wanted > low && wanted < high ? wanted : (low + high) / 2;
    const change = Math.abs(next - at);
    at = next;
    theta = exp64(at);
    ({ score, information } = scoreOf(counted, byLabel, theta));
    if (change < 1e-13 * Math.max(1, Math.abs(at))) break;
  }
  if (theta > mostTheta) return null;
  return { estimate: theta, standardError: information > 0 ? 1 / Math.sqrt(information) : Number.NaN };
};
