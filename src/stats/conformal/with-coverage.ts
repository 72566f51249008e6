import { ServiceError } from "../../domain/errors.ts";
import type { Conformal, ConformalIntervals, ConformalSets, CoverageAnswer } from "../../domain/models/conformal.ts";
import type { Prediction } from "../../domain/models/predictions/prediction.ts";
import { boundOf, leastScores } from "./scores.ts";
import { spreadAt } from "./spread.ts";

/** What a prediction's answer is to promise. */
export interface CoverageRequest {
  coverage: number;
  coverageMethod: "adaptive" | "marginal";
  emptySets: boolean;
}

const withIntervals = (
  predictions: readonly Prediction[],
  { scaled, scores, spread, least }: ConformalIntervals,
  { coverage, coverageMethod }: CoverageRequest,
): Prediction[] => {
  const adaptive = coverageMethod === "adaptive" && spread !== null;
  const bound = boundOf(adaptive ? scaled : scores, coverage);
  return predictions.map((prediction) => {
    if (!("value" in prediction)) return prediction;
    const { value } = prediction;
    const half = adaptive ? bound * spreadAt(spread, value) : bound;
    return {
      ...prediction,
      interval: { lower: Math.max(least ?? Number.NEGATIVE_INFINITY, value - half), upper: value + half },
    };
  });
};

const withSets = (
  predictions: readonly Prediction[],
  { scores, classes }: ConformalSets,
  { coverage, coverageMethod, emptySets }: CoverageRequest,
): Prediction[] => {
  const overall = boundOf(scores, coverage);
  // A class of which too few rows were held out cannot be kept out of a set.
  const bounds = new Map(
    classes.map((one) => [one.label, coverageMethod === "marginal" ? overall : boundOf(one.scores, coverage)]),
  );
  return predictions.map((prediction) => {
    if (!("label" in prediction) || "outputs" in prediction) return prediction;
    const { label, probabilities } = prediction;
    const set = Object.entries(probabilities)
      .filter(([name, p]) => 1 - p <= (bounds.get(name) ?? Number.POSITIVE_INFINITY) || (!emptySets && name === label))
      .sort(([, a], [, b]) => b - a)
      .map(([name]) => name);
    return { ...prediction, set };
  });
};

/** Adds the sets or intervals that hold each row's label with the coverage that is asked for. `unprocessable` where too few rows were held out to promise it. */
export const withCoverage = (
  predictions: readonly Prediction[],
  conformal: Conformal | null,
  request: CoverageRequest,
): { predictions: Prediction[]; coverage: CoverageAnswer } => {
  const { coverage, coverageMethod } = request;
  const refuse = (detail: string): never => {
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/coverage", detail }] });
  };
  if (conformal === null)
    return refuse(
      "nothing is known of this model's errors on held-out rows (those of a cross-validation are of its folds' models); train it with a test split, or leave the coverage out",
    );
  const least = leastScores(coverage);
  if (conformal.rows < least)
    return refuse(
      `the model was measured on ${conformal.rows} held-out rows, and a coverage of ${coverage} needs ${least}; ask for less, or hold out more rows`,
    );
  return {
    predictions:
      conformal.type === "intervals"
        ? withIntervals(predictions, conformal, request)
        : withSets(predictions, conformal, request),
    coverage: { level: coverage, method: coverageMethod, rows: conformal.rows },
  };
};
