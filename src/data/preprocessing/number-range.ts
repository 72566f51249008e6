import type { ScaledTransform } from "../../domain/models/model.ts";
import type { NumberRange } from "../../domain/models/parts/number-transform.ts";
import { exp64, log64 } from "../../engine/kernels/math64.ts";
import type { NumberTransform } from "./encoders/number-scale.ts";

/** A number may lie so much of the training range beyond it before it counts as one that training says nothing of. */
const slack = 0.1;

export const widened = ({ minimum, maximum }: NumberRange): NumberRange => {
  const beyond = slack * (maximum - minimum);
  return { minimum: minimum - beyond, maximum: maximum + beyond };
};

/**
 * What a model may be asked of a number without a warning: the training range and the slack on either side, which is measured in logarithms where the model has learnt by them, never
 * beyond 0 where no training row is, and never where the network holds the number. Undefined: the model knows no range.
 */
export const usualRange = ({ range, clip, logShift }: NumberTransform): NumberRange | undefined => {
  if (range === undefined) return clip;
  const { minimum, maximum } = range;
  let usual = widened(range);
  if (logShift !== undefined) {
    const logs = widened({ minimum: log64(minimum + logShift), maximum: log64(maximum + logShift) });
    usual = { minimum: exp64(logs.minimum) - logShift, maximum: exp64(logs.maximum) - logShift };
  }
  // Not narrower than the range itself, which rounding of logarithms could make it.
  const low = Math.min(
    minimum,
    Math.max(usual.minimum, minimum >= 0 ? 0 : usual.minimum, clip?.minimum ?? Number.NEGATIVE_INFINITY),
  );
  const high = Math.max(
    maximum,
    Math.min(usual.maximum, maximum <= 0 ? 0 : usual.maximum, clip?.maximum ?? Number.POSITIVE_INFINITY),
  );
  return { minimum: low, maximum: high };
};

export const isWithin = (value: number, { minimum, maximum }: NumberRange): boolean =>
  value >= minimum && value <= maximum;

/** The range of both; what is unknown adds nothing. */
export const union = (a: NumberRange | undefined, b: NumberRange | undefined): NumberRange | undefined =>
  a && b ? { minimum: Math.min(a.minimum, b.minimum), maximum: Math.max(a.maximum, b.maximum) } : (a ?? b);

/**
 * How a prediction holds a number: near the training range where the model is a network of several layers, whose answers beyond it follow from nothing that it
 * has seen. A linear model is meant to go on, and a density or a distance is to tell what is unusual. A constant has taught a predictor nothing: it stays one.
 */
export const clipOf = (range: NumberRange, holds: { supervised: boolean; network: boolean }): NumberRange | null =>
  holds.supervised && (holds.network || range.minimum === range.maximum) ? widened(range) : null;

/** Of a number whose logarithm is taken, not below the half of the least: what has no logarithm is far from it. */
const withLogarithm = (transform: ScaledTransform, range: NumberRange, clip: NumberRange): NumberRange =>
  transform.type === "number" && transform.logShift !== undefined
    ? { ...clip, minimum: Math.max(clip.minimum, range.minimum / 2) }
    : clip;

/** The transform with a training range, and held near it as `clipOf` says. */
export const withRange = (
  transform: ScaledTransform,
  range: NumberRange | undefined,
  holds: { supervised: boolean; network: boolean },
): ScaledTransform => {
  const { clip: _, range: __, ...rest } = transform;
  if (range === undefined) return rest;
  const clip = clipOf(range, holds);
  return { ...rest, range, ...(clip && { clip: withLogarithm(rest, range, clip) }) };
};
