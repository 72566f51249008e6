import type { Dimension, Point } from "./dimension.ts";
import { gridPoint } from "./grid.ts";
import type { Outcome } from "./outcome.ts";
import { sobolPoint } from "./sobol.ts";
import { randomPoint, tpePoint } from "./tpe.ts";

export type Sampler = { type: "random" } | { type: "sobol" } | { type: "tpe" } | { type: "grid"; points: number };

/**
 * The point of trial `number`: a function of these arguments alone, to the bit on any machine.
 * @param outcomes of the trials that are seen; their order does not matter
 */
export const propose = (
  sampler: Sampler,
  dimensions: readonly Dimension[],
  { seed, number, outcomes }: { seed: number; number: number; outcomes: readonly Outcome[] },
): Point => {
  switch (sampler.type) {
    case "random":
      return randomPoint(dimensions, seed, number);
    case "sobol":
      return sobolPoint(dimensions, seed, number);
    case "grid":
      return gridPoint(dimensions, sampler.points, seed, number);
    case "tpe":
      return tpePoint(
        dimensions,
        outcomes.toSorted((a, b) => a.number - b.number),
        seed,
        number,
      );
  }
};
