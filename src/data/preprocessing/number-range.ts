import type { ScaledTransform } from "../../domain/models/model.ts";
import type { NumberRange } from "../../domain/models/parts/number-transform.ts";

/** A number may lie so much of the training range beyond it before it counts as one that training says nothing of. */
const slack = 0.1;

export const widened = ({ minimum, maximum }: NumberRange): NumberRange => {
  const beyond = slack * (maximum - minimum);
  return { minimum: minimum - beyond, maximum: maximum + beyond };
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
