import { ServiceError } from "../../../domain/errors.ts";
import { type NumberScaling, smoothLimit } from "../../../domain/jobs/spec/parts/column-preprocessing.ts";
import { sampleQuantile } from "../../../domain/models/parts/piecewise-linear.ts";
import { normalQuantile } from "../../../engine/kernels/normal-quantile64.ts";
import { populationDeviation, type RunningMoments } from "../../columns/running-moments.ts";
import type { NumberTransform } from "./number-scale.ts";

type Scaling = Pick<NumberTransform, "mean" | "scale" | "quantiles" | "smoothClip">;

/** Quantiles between which normal scores are a straight line, at most. */
const mostQuantiles = 257;

const beyondScaling = (column: string, fault: "large" | "close to each other"): ServiceError => {
  const detail = `the numbers of column ${JSON.stringify(column)} are too ${fault} to be standardised; rescale them`;
  return new ServiceError("unprocessable", detail, { errors: [{ pointer: "/task/features", detail }] });
};

/** Mean and scale of standardising; a constant is only centred. */
export const standardisation = (
  moments: RunningMoments,
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
  column: string,
): { mean: number; scale: number } => {
  const deviation = populationDeviation(moments);
  // Squares of differences below 1e-160 are 0: what varies would be taken for a constant.
  if (deviation === 0 && minimum < maximum) {
    if (!Number.isFinite(1 / (maximum - minimum))) throw beyondScaling(column, "close to each other");
    return { mean: moments.mean, scale: maximum - minimum };
  }
  if (!Number.isFinite(moments.mean) || !Number.isFinite(deviation)) throw beyondScaling(column, "large");
  return { mean: moments.mean, scale: deviation > 0 ? deviation : 1 };
};

/** Median and the distance of the quartiles; where that is 0 half of the range; then smooth clipping. */
const robust = (sorted: Float64Array, column: string): Scaling => {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => sampleQuantile(sorted, share));
  const between = high! - low! || (sorted.at(-1)! - sorted[0]!) / 2;
  if (!Number.isFinite(between) || !Number.isFinite(1 / (between || 1))) throw beyondScaling(column, "large");
  return { mean: middle!, scale: between || 1, smoothClip: smoothLimit };
};

/**
 * The quantiles of the shares (k + ½)/count and the normal quantiles of these. Values that come more than once have the score of the middle of their shares.
 */
const normalScores = (sorted: Float64Array): NonNullable<Scaling["quantiles"]> => {
  const count = Math.min(mostQuantiles, sorted.length);
  const [values, scores]: [number[], number[]] = [[], []];
  const valueAt = (k: number): number => sampleQuantile(sorted, count === 1 ? 0 : k / (count - 1));
  for (let first = 0; first < count; ) {
    const value = valueAt(first);
    let last = first;
    while (last + 1 < count && valueAt(last + 1) === value) last += 1;
    values.push(value);
    scores.push(normalQuantile(((first + last) / 2 + 0.5) / count));
    first = last + 1;
  }
  return { values, scores };
};

/**
 * What a column's numbers become, by those of the training rows.
 * @param sorted those numbers, or a sample of them
 * Errors: `unprocessable` where they are too large, or too close to each other, to be scaled.
 */
export const fitScaling = (
  scaling: NumberScaling,
  moments: RunningMoments,
  range: { readonly minimum: number; readonly maximum: number },
  sorted: () => Float64Array,
  column: string,
): Scaling => {
  switch (scaling) {
    case "none":
      return { mean: 0, scale: 1 };
    case "standardize":
      return standardisation(moments, range, column);
    case "robust":
      return moments.count === 0 ? { mean: 0, scale: 1 } : robust(sorted(), column);
    case "quantile":
      return moments.count === 0 ? { mean: 0, scale: 1 } : { mean: 0, scale: 1, quantiles: normalScores(sorted()) };
  }
};
