import type { LossSpec } from "../jobs/spec/parts/loss-spec.ts";
import type { Estimate } from "../models/estimate.ts";
import type { ObjectiveMetric } from "./study-spec.ts";

/** Densities may be above 1, and the losses of counts leave out what depends on the label alone: these losses may be negative. */
const unbounded: ReadonlySet<LossSpec["type"]> = new Set(["gaussian_nll", "poisson_nll", "negative_binomial_nll"]);

/** From what to what an objective can be at all. */
interface ObjectiveRange {
  readonly least: number;
  readonly most: number;
}

/** @param loss of the job that the objective was measured with; null: not known */
export const objectiveRange = (metric: ObjectiveMetric, loss: LossSpec["type"] | null): ObjectiveRange => {
  switch (metric) {
    case "validationAccuracy":
      return { least: 0, most: 1 };
    case "validationR2":
      return { least: Number.NEGATIVE_INFINITY, most: 1 };
    case "validationMeanSquaredError":
    case "validationRootMeanSquaredError":
      return { least: 0, most: Number.POSITIVE_INFINITY };
    case "validationLoss": {
      const isBounded = loss !== null && !unbounded.has(loss);
      return { least: isBounded ? 0 : Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
    }
  }
};

type Ends = Pick<Estimate, "lower" | "upper">;

/** An interval of a score as one of the objective, from its lower end to its upper one: widened for what folds share it may go beyond what there can be. */
export const intervalWithin = (
  { lower, upper }: Ends,
  convert: (score: number) => number,
  { least, most }: ObjectiveRange,
): Ends => {
  const [a, b] = [lower, upper].map((end) => (end === null ? null : Math.min(most, Math.max(least, convert(end)))));
  return a != null && b != null && a > b ? { lower: b, upper: a } : { lower: a ?? null, upper: b ?? null };
};
