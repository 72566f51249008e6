import { counted } from "../../domain/counted.ts";
import { ServiceError } from "../../domain/errors.ts";
import type {
  Conformal,
  ConformalIntervals,
  ConformalSets,
  CoverageAnswer,
  FoldIntervals,
  FoldSets,
  LeaveOneOutIntervals,
} from "../../domain/models/conformal.ts";
import type { FoldQuantileIntervals, QuantileIntervals } from "../../domain/models/parts/quantile-intervals.ts";
import type { Prediction } from "../../domain/models/predictions/prediction.ts";
import {
  type FoldNumbers,
  foldInterval,
  foldQuantileInterval,
  guaranteedByFolds,
  isInFoldSet,
  scoresOfClasses,
} from "./fold-coverage.ts";
import { leaveOneOutInterval } from "./leave-one-out.ts";
import { type IntervalMethod, quantileInterval } from "./quantile-intervals.ts";
import { boundOf, leastScores } from "./scores.ts";
import { spreadAt } from "./spread.ts";

/** What a prediction's answer is to promise. */
export interface CoverageRequest {
  coverage: number;
  coverageMethod: IntervalMethod;
  emptySets: boolean;
  /** Nothing is: new rows are not exchangeable with those that were held out, or the scores are those of a model that was measured and is not at hand, and the answers those of its refit. */
  unproven?: boolean;
}

/** Answers, and what the model says of the same rows whose scores are gone by: another one where that is a refit. */
interface Answered {
  readonly predictions: readonly Prediction[];
  readonly measured: readonly Prediction[];
}

const withIntervals = (
  { predictions, measured }: Answered,
  { scaled, scores, spread, least }: ConformalIntervals,
  { coverage, coverageMethod }: CoverageRequest,
): Prediction[] => {
  const adaptive = coverageMethod === "adaptive" && spread !== null;
  const bound = boundOf(adaptive ? scaled : scores, coverage);
  return predictions.map((prediction, row) => {
    const said = measured[row]!;
    if (!("value" in prediction) || !("value" in said)) return prediction;
    const { value } = said;
    const half = adaptive ? bound * spreadAt(spread, value) : bound;
    return {
      ...prediction,
      interval: { lower: Math.max(least ?? Number.NEGATIVE_INFINITY, value - half), upper: value + half },
    };
  });
};

/** To each row the classes that are in its set, the likeliest first. */
const addSets = (
  predictions: readonly Prediction[],
  { emptySets }: CoverageRequest,
  isIn: (name: string, row: number) => boolean,
): Prediction[] =>
  predictions.map((prediction, row) => {
    if (!("label" in prediction) || "outputs" in prediction) return prediction;
    const { label, probabilities } = prediction;
    const set = Object.entries(probabilities)
      .filter(([name]) => isIn(name, row) || (!emptySets && name === label))
      .sort(([, a], [, b]) => b - a)
      .map(([name]) => name);
    return { ...prediction, set };
  });

const withSets = (
  { predictions, measured }: Answered,
  { scores, classes }: ConformalSets,
  request: CoverageRequest,
): Prediction[] => {
  const { coverage, coverageMethod } = request;
  const overall = boundOf(scores, coverage);
  // A class of which too few rows were held out cannot be kept out of a set.
  const bounds = new Map(
    classes.map((one) => [one.label, coverageMethod === "marginal" ? overall : boundOf(one.scores, coverage)]),
  );
  const chanceOf = (name: string, row: number): number => {
    const said = measured[row]!;
    return "label" in said && !("outputs" in said) ? (said.probabilities[name] ?? 1) : 1;
  };
  return addSets(
    predictions,
    request,
    (name, row) => 1 - chanceOf(name, row) <= (bounds.get(name) ?? Number.POSITIVE_INFINITY),
  );
};

const withFoldIntervals = (
  predictions: readonly Prediction[],
  conformal: FoldIntervals,
  { folds, width }: FoldNumbers,
  { coverage }: CoverageRequest,
): Prediction[] =>
  predictions.map((prediction, row) => {
    if (!("value" in prediction)) return prediction;
    const said = conformal.folds.map((_, k) => folds[k]![row * width]!);
    return { ...prediction, interval: foldInterval(conformal, said, coverage) };
  });

const withFoldQuantileIntervals = (
  predictions: readonly Prediction[],
  conformal: FoldQuantileIntervals,
  { folds, width }: FoldNumbers,
  request: CoverageRequest,
): Prediction[] =>
  predictions.map((prediction, row) => {
    if (!("value" in prediction)) return prediction;
    const said = conformal.folds.map((_, k) => {
      const [own, at] = [folds[k]!, row * width];
      return { value: own[at]!, quantiles: { lower: own[at + 1]!, upper: own[at + 2]! } };
    });
    return { ...prediction, interval: foldQuantileInterval(conformal, said, request) };
  });

const withFoldSets = (
  predictions: readonly Prediction[],
  conformal: FoldSets,
  { folds, width }: FoldNumbers,
  request: CoverageRequest,
): Prediction[] => {
  const { coverage, coverageMethod } = request;
  const scores = scoresOfClasses(conformal, coverageMethod === "marginal" ? "marginal" : "adaptive");
  const places = new Map(conformal.classes.map(({ label }, place) => [label, place]));
  return addSets(predictions, request, (name, row) => {
    const place = row * width + places.get(name)!;
    return isInFoldSet(scores.get(name) ?? [], (fold) => 1 - folds[fold]![place]!, coverage);
  });
};

const withLeftOutIntervals = (
  predictions: readonly Prediction[],
  conformal: LeaveOneOutIntervals,
  inputs: Float32Array,
  { coverage }: CoverageRequest,
): Prediction[] => {
  const width = inputs.length / predictions.length;
  return predictions.map((prediction, row) => {
    if (!("value" in prediction)) return prediction;
    const own = { value: prediction.value, inputs: inputs.subarray(row * width, (row + 1) * width) };
    return { ...prediction, interval: leaveOneOutInterval(conformal, own, coverage) };
  });
};

const withQuantileIntervals = (
  { predictions, measured }: Answered,
  conformal: QuantileIntervals,
  request: CoverageRequest,
): Prediction[] =>
  predictions.map((prediction, row) => {
    const said = measured[row]!;
    if (!("value" in prediction) || !("value" in said) || said.quantiles === undefined) return prediction;
    const { value, quantiles } = said;
    return { ...prediction, interval: quantileInterval(conformal, { value, quantiles }, request) };
  });

/** Of the models of folds: what is proven, with the fewest rows that a set or an interval goes by. */
const guaranteed = (
  conformal: FoldIntervals | FoldQuantileIntervals | FoldSets,
  { coverage, coverageMethod }: CoverageRequest,
): number => {
  if (conformal.type !== "fold_sets") {
    const tails = coverageMethod === "tails";
    const proven = guaranteedByFolds(tails ? (1 + coverage) / 2 : coverage, conformal.rows, conformal.folds.length);
    return tails ? Math.max(0, 1 - 2 * (1 - proven)) : proven;
  }
  const folds = conformal.classes[0]?.folds.length ?? 1;
  // A class of too few rows is in every set.
  const counts = conformal.classes
    .map(({ rows }) => rows)
    .filter((rows) => rows >= Math.max(folds, leastScores(coverage)));
  const rows = coverageMethod === "marginal" ? conformal.rows : Math.min(conformal.rows, ...counts);
  return guaranteedByFolds(coverage, rows, folds);
};

/** Adds the sets or intervals that hold each row's label with the coverage that is asked for. `unprocessable` where too few rows were held out to promise it. */
export const withCoverage = (
  predictions: readonly Prediction[],
  conformal: Conformal | null,
  request: CoverageRequest,
  /** What the models of the folds say of the rows, where the conformal scores are by folds. */
  numbersOf: () => FoldNumbers = () => ({ width: 1, folds: [] }),
  /** The rows as the model takes them, row-major. */
  inputs: Float32Array = new Float32Array(),
  /** What the model says of the rows whose scores are gone by. */
  measured: readonly Prediction[] = predictions,
): { predictions: Prediction[]; coverage: CoverageAnswer } => {
  const { coverage, coverageMethod } = request;
  const refuse = (detail: string): never => {
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/coverage", detail }] });
  };
  if (conformal === null)
    return refuse(
      "nothing is known of this model's errors on held-out rows; train it with a test split, or by a cross-validation, or leave the coverage out",
    );
  if (
    coverageMethod === "tails" &&
    conformal.type !== "quantile_intervals" &&
    conformal.type !== "fold_quantile_intervals"
  ) {
    const detail =
      '"tails" is of models that predict a lower and an upper quantile (loss.interval); choose "adaptive" or "marginal"';
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/coverageMethod", detail }] });
  }
  // Each of the two tails is judged by itself.
  const least = leastScores(coverageMethod === "tails" ? (1 + coverage) / 2 : coverage);
  if (conformal.rows < least)
    return refuse(
      `the model was measured on ${counted(conformal.rows, "held-out row")}, and a coverage of ${coverage} needs ${least}; ask for less, or hold out more rows`,
    );
  const answered = { level: coverage, method: coverageMethod, rows: conformal.rows };
  const proven = (probability: number): number | null => (request.unproven ? null : probability);
  if (conformal.type === "leave_one_out")
    return {
      predictions: withLeftOutIntervals(predictions, conformal, inputs, request),
      // Barber et al. 2021, theorem 1.
      coverage: { ...answered, guaranteed: proven(Math.max(0, 1 - 2 * (1 - coverage))) },
    };
  if (
    conformal.type === "fold_intervals" ||
    conformal.type === "fold_quantile_intervals" ||
    conformal.type === "fold_sets"
  ) {
    const byFolds = (): Prediction[] => {
      if (conformal.type === "fold_intervals") return withFoldIntervals(predictions, conformal, numbersOf(), request);
      if (conformal.type === "fold_sets") return withFoldSets(predictions, conformal, numbersOf(), request);
      return withFoldQuantileIntervals(predictions, conformal, numbersOf(), request);
    };
    return {
      predictions: byFolds(),
      coverage: { ...answered, guaranteed: proven(guaranteed(conformal, request)) },
    };
  }
  const said = { predictions, measured };
  const promised = (): Prediction[] => {
    if (conformal.type === "intervals") return withIntervals(said, conformal, request);
    if (conformal.type === "quantile_intervals") return withQuantileIntervals(said, conformal, request);
    return withSets(said, conformal, request);
  };
  return { predictions: promised(), coverage: { ...answered, guaranteed: proven(coverage) } };
};
