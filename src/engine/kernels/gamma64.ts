import { log64 } from "./math64.ts";

/**
 * The gamma function's logarithm and its derivatives for x > 0, to the same bits everywhere: Stirling's asymptotic series (Abramowitz & Stegun 6.1.41, 6.3.18,
 * 6.4.12) from 10 on, the recurrence Γ(x + 1) = x·Γ(x) below. Absolute error below 1e-14, of large values relative.
 */
const enough = 10;
const halfLogTwoPi = 0.9189385332046727;

/** ln Γ(x) */
export const logGamma64 = (x: number): number => {
  let [at, product] = [x, 1];
  for (; at < enough; at++) product *= at;
  const r = 1 / at;
  const s = r * r;
  const series =
    r *
    (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * (691 / 360360 - s * (1 / 156)))))));
  return (at - 0.5) * log64(at) - at + halfLogTwoPi + series - (product === 1 ? 0 : log64(product));
};

/** ψ(x) = d ln Γ(x)/dx */
export const digamma64 = (x: number): number => {
  let [at, below] = [x, 0];
  for (; at < enough; at++) below += 1 / at;
  const r = 1 / at;
  const s = r * r;
  const series =
    s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * (691 / 32760 - s * (1 / 12)))))));
  return log64(at) - 0.5 * r - series - below;
};

/** ψ′(x) */
export const trigamma64 = (x: number): number => {
  let [at, below] = [x, 0];
  for (; at < enough; at++) below += 1 / (at * at);
  const r = 1 / at;
  const s = r * r;
  const series =
    r * s * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s * (1 / 30 - s * (5 / 66 - s * (691 / 2730 - s * (7 / 6)))))));
  return r + 0.5 * s + series + below;
};
