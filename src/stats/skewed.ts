import { meanOf } from "./sampling.ts";

/** The third central moment over the cube of the standard deviation, of a sample's own; 0 where it does not vary. */
export const skewnessOf = (values: ArrayLike<number>): number => {
  const center = meanOf(values, null);
  let [squares, cubes] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const deviation = values[i]! - center;
    // Powers of the library take many times as long.
    squares += deviation * deviation;
    cubes += deviation * deviation * deviation;
  }
  const skewness = (cubes / values.length) * (squares / values.length) ** -1.5;
  return Number.isFinite(skewness) ? skewness : 0;
};

/** Below it the formula is the identity up to rounding. */
const negligible = 1e-4;

/**
 * Where Student's interval of a mean ends, in standard errors below and above it, if what is averaged is skewed: Hall's transformation (1992, Journal of the Royal Statistical Society B 54,
 * pp. 221–228) removes the skewness γ of t = (mean − μ)/error to the first order in 1/√n, g(t) = t + a·t²/3 + a²·t³/27 + a/6 with a = γ/√n, and is turned round,
 * g⁻¹(x) = 3/a · (∛(1 + a·(x − a/6)) − 1). Losses have few large values: the mean of a sample that has met none of them is too small, and its error as well.
 */
export const skewedEnds = (t: number, skewness: number, rows: number): { below: number; above: number } => {
  const a = skewness / Math.sqrt(rows);
  if (Math.abs(a) < negligible) return { below: t, above: t };
  const inverse = (x: number): number => (3 / a) * (Math.cbrt(1 + a * (x - a / 6)) - 1);
  return { below: inverse(t), above: -inverse(-t) };
};
