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
import type { QuantileIntervals } from "../../domain/models/parts/quantile-intervals.ts";
import type { Prediction } from "../../domain/models/predictions/prediction.ts";
import { type FoldNumbers, foldInterval, guaranteedByFolds, isInFoldSet, scoresOfClasses } from "./fold-coverage.ts";
import { leaveOneOutInterval } from "./leave-one-out.ts";
import { quantileInterval } from "./quantile-intervals.ts";
import { boundOf, leastScores } from "./scores.ts";
import { spreadAt } from "./spread.ts";

/** What a prediction's answer is to promise. */
export interface CoverageRequest {
  coverage: number;
  coverageMethod: "adaptive" | "marginal" | "tails";
  emptySets: boolean;
  /** The scores are those of the model that was measured, and the answers those of its refit: nothing is proven of them. */
  refitted?: boolean;
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

/** To each row the classes that are in its set, the likeliest first. */
const addSets = (
  predictions: readonly Prediction[],
  { emptySets }: CoverageRequest,
  isIn: (name: string, probability: number, row: number) => boolean,
): Prediction[] =>
  predictions.map((prediction, row) => {
    if (!("label" in prediction) || "outputs" in prediction) return prediction;
    const { label, probabilities } = prediction;
    const set = Object.entries(probabilities)
      .filter(([name, p]) => isIn(name, p, row) || (!emptySets && name === label))
      .sort(([, a], [, b]) => b - a)
      .map(([name]) => name);
    return { ...prediction, set };
  });

const withSets = (
  predictions: readonly Prediction[],
  { scores, classes }: ConformalSets,
  request: CoverageRequest,
): Prediction[] => {
  const { coverage, coverageMethod } = request;
  const overall = boundOf(scores, coverage);
  // A class of which too few rows were held out cannot be kept out of a set.
  const bounds = new Map(
    classes.map((one) => [one.label, coverageMethod === "marginal" ? overall : boundOf(one.scores, coverage)]),
  );
  return addSets(predictions, request, (name, p) => 1 - p <= (bounds.get(name) ?? Number.POSITIVE_INFINITY));
};

const withFoldIntervals = (
  predictions: readonly Prediction[],
  conformal: FoldIntervals,
  { folds }: FoldNumbers,
  { coverage }: CoverageRequest,
): Prediction[] =>
  predictions.map((prediction, row) => {
    if (!("value" in prediction)) return prediction;
    const said = conformal.folds.map((_, k) => folds[k]![row]!);
    return { ...prediction, interval: foldInterval(conformal, said, coverage) };
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
  return addSets(predictions, request, (name, _, row) => {
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
  predictions: readonly Prediction[],
  conformal: QuantileIntervals,
  request: CoverageRequest,
): Prediction[] =>
  predictions.map((prediction) => {
    if (!("value" in prediction) || prediction.quantiles === undefined) return prediction;
    const { value, quantiles } = prediction;
    return { ...prediction, interval: quantileInterval(conformal, { value, quantiles }, request) };
  });

/** Of the models of folds: what is proven, with the fewest rows that a set or an interval goes by. */
const guaranteed = (conformal: FoldIntervals | FoldSets, { coverage, coverageMethod }: CoverageRequest): number => {
  if (conformal.type === "fold_intervals") return guaranteedByFolds(coverage, conformal.rows, conformal.folds.length);
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
): { predictions: Prediction[]; coverage: CoverageAnswer } => {
  const { coverage, coverageMethod } = request;
  const refuse = (detail: string): never => {
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/coverage", detail }] });
  };
  if (conformal === null)
    return refuse(
      "nothing is known of this model's errors on held-out rows; train it with a test split, or by a cross-validation whose folds' models are the model (training.crossValidation.model: folds), or leave the coverage out",
    );
  if (coverageMethod === "tails" && conformal.type !== "quantile_intervals") {
    const detail =
      '"tails" is of models that predict a lower and an upper quantile (loss.interval); choose "adaptive" or "marginal"';
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/coverageMethod", detail }] });
  }
  // Each of the two tails is judged by itself.
  const least = leastScores(coverageMethod === "tails" ? (1 + coverage) / 2 : coverage);
  if (conformal.rows < least)
    return refuse(
      `the model was measured on ${conformal.rows} held-out rows, and a coverage of ${coverage} needs ${least}; ask for less, or hold out more rows`,
    );
  const answered = { level: coverage, method: coverageMethod, rows: conformal.rows };
  const proven = (probability: number): number | null => (request.refitted ? null : probability);
  if (conformal.type === "leave_one_out")
    return {
      predictions: withLeftOutIntervals(predictions, conformal, inputs, request),
      // Barber et al. 2021, theorem 1.
      coverage: { ...answered, guaranteed: proven(Math.max(0, 1 - 2 * (1 - coverage))) },
    };
  if (conformal.type === "fold_intervals" || conformal.type === "fold_sets")
    return {
      predictions:
        conformal.type === "fold_intervals"
          ? withFoldIntervals(predictions, conformal, numbersOf(), request)
          : withFoldSets(predictions, conformal, numbersOf(), request),
      coverage: { ...answered, guaranteed: proven(guaranteed(conformal, request)) },
    };
  const promised = (): Prediction[] => {
    if (conformal.type === "intervals") return withIntervals(predictions, conformal, request);
    if (conformal.type === "quantile_intervals") return withQuantileIntervals(predictions, conformal, request);
    return withSets(predictions, conformal, request);
  };
  return { predictions: promised(), coverage: { ...answered, guaranteed: proven(coverage) } };
};
