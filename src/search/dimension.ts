import { exp64, log64 } from "../engine/kernels/math64.ts";

/** Holds only where this choice was made. */
export interface Condition {
  readonly name: string;
  readonly choice: number;
}

/** A number: any between both ends, or one of `min + i · step`. */
export interface NumberDimension {
  readonly type: "number";
  readonly name: string;
  readonly when: Condition | null;
  readonly min: number;
  /** With a step the last of its numbers. */
  readonly max: number;
  readonly log: boolean;
  readonly step: number | null;
}

/** One of `count` values, by its index. */
export interface ChoiceDimension {
  readonly type: "choice";
  readonly name: string;
  readonly when: Condition | null;
  readonly count: number;
}

/** Parents stand before what depends on them. */
export type Dimension = NumberDimension | ChoiceDimension;

/** A point of a space: numbers, and indices of choices, of the dimensions that hold there. */
export type Point = Readonly<Record<string, number>>;

export const holds = ({ when }: Dimension, point: Point): boolean =>
  when === null || (Object.hasOwn(point, when.name) && point[when.name] === when.choice);

/** Twelve digits: 0.1 + 2 · 0.1 is 0.3. */
const tidy = (value: number): number => Number(value.toPrecision(12));

export const stepsOf = ({ min, max, step }: { min: number; max: number; step: number }): number =>
  Math.floor((max - min) / step + 1e-9) + 1;

/** Number `i` of a dimension with a step. */
export const atStep = ({ min }: Pick<NumberDimension, "min">, step: number, i: number): number => tidy(min + i * step);

/** Where the numbers are drawn from, in the scale: with a step half of one more on either side, so that each number has its share. */
export const boundsOf = ({ min, max, step, log }: NumberDimension): { low: number; high: number } => {
  const [low, high] = step === null ? [min, max] : [min - step / 2, max + step / 2];
  return log ? { low: log64(low), high: log64(high) } : { low, high };
};

/** From the scale to a number of the dimension. */
export const fromScale = (dimension: NumberDimension, place: number): number => {
  const { min, max, step, log } = dimension;
  const value = log ? exp64(place) : place;
  if (step === null) return Math.min(max, Math.max(min, value));
  const last = stepsOf({ min, max, step }) - 1;
  return atStep(dimension, step, Math.min(last, Math.max(0, Math.floor((value - min) / step + 0.5))));
};

/** From [0, 1) to a number, or to a choice's index: each equally likely. */
export const fromUnit = (dimension: Dimension, u: number): number => {
  if (dimension.type === "choice") return Math.min(dimension.count - 1, Math.floor(u * dimension.count));
  const { low, high } = boundsOf(dimension);
  return fromScale(dimension, low + u * (high - low));
};

/** The point that takes each dimension that holds from `choose`. */
export const buildPoint = (
  dimensions: readonly Dimension[],
  choose: (dimension: Dimension, i: number) => number,
): Point => {
  const point: Record<string, number> = {};
  for (const [i, dimension] of dimensions.entries()) {
    if (holds(dimension, point)) point[dimension.name] = choose(dimension, i);
  }
  return point;
};
