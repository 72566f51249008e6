import type { FeatureTransform } from "../../../domain/models/model.ts";
import type { NumberRange } from "../../../domain/models/parts/number-transform.ts";
import { valueBetween } from "../../../domain/models/parts/piecewise-linear.ts";
import { exp64, log64 } from "../../../engine/kernels/math64.ts";

export type NumberTransform = Extract<FeatureTransform, { type: "number" }>;

/** What a number becomes, in float64: its logarithm, its normal score, (x − mean)/scale, and that smoothly clipped, each where the transform has it. NaN: it has no logarithm. */
export const createNumberScale = ({
  mean,
  scale,
  logShift,
  quantiles,
  smoothClip,
}: NumberTransform): ((x: number) => number) => {
  const straight = (x: number): number => (x - mean) / scale;
  if (logShift === undefined && quantiles === undefined && smoothClip === undefined) return straight;
  return (given) => {
    let x = logShift === undefined ? given : given + logShift > 0 ? log64(given + logShift) : Number.NaN;
    if (quantiles !== undefined) x = Number.isNaN(x) ? x : valueBetween(quantiles.values, quantiles.scores, x);
    const y = straight(x);
    if (smoothClip === undefined) return y;
    const share = y / smoothClip;
    return y / Math.sqrt(1 + share * share);
  };
};

const held = (x: number, range: NumberRange | undefined): number =>
  range === undefined ? x : Math.min(range.maximum, Math.max(range.minimum, x));

/** The number that becomes this input, back in the data's units; where the transform is bent, within the training range. */
export const numberOfInput = (transform: NumberTransform, input: number): number => {
  const { mean, scale, logShift, quantiles, smoothClip, range } = transform;
  let y = input;
  if (smoothClip !== undefined) {
    const share = y / smoothClip;
    y = Math.abs(share) < 1 ? y / Math.sqrt(1 - share * share) : Math.sign(y) * Number.POSITIVE_INFINITY;
  }
  let x = mean + scale * y;
  if (quantiles !== undefined) x = valueBetween(quantiles.scores, quantiles.values, x);
  if (logShift !== undefined) x = exp64(x) - logShift;
  return smoothClip === undefined && quantiles === undefined && logShift === undefined ? x : held(x, range);
};

/** What a missing number counts as. */
export const middleOf = (transform: NumberTransform): { name: string; value: number } => {
  const value = numberOfInput(transform, 0);
  if (transform.smoothClip !== undefined || transform.quantiles !== undefined) return { name: "median", value };
  return { name: transform.logShift === undefined ? "mean" : "geometric mean", value };
};
