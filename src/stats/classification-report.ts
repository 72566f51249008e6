import type { Estimate } from "../domain/models/estimate.ts";
import type { ClassificationReport, ReportNote } from "../domain/models/report.ts";
import { conformalBound, estimateExplained, estimateHits, estimateMean, estimateShare } from "./estimate.ts";
import { countScores, describeOperating } from "./explaining/operating-points.ts";
import { doublesOf } from "./order-of.ts";
import { estimateAreaUnderRoc } from "./receiver-operating.ts";
import { constantLabel, fewRows } from "./report-notes.ts";
import { meanOf, type Sampling, samplingOf } from "./sampling.ts";
import { calibrate } from "./values/calibration.ts";

const coverage = 0.9;
const confusionClasses = 100;

/** What a classifier answered on the rows of one split. */
export interface ClassAnswers {
  split: ClassificationReport["split"];
  classes: readonly string[];
  /** rows × classes, row-major. */
  probabilities: Float64Array;
  /** Index of each row's class. */
  truths: Int32Array;
  /** Rows of each class in the training split, by their weights. */
  trainCounts: readonly number[];
  /** ln p of each row's class, where it has been computed. */
  logs?: Float64Array;
  distribution: string;
  /** Of the second of two classes; null: the likeliest class is the answer. */
  threshold?: number | null;
  /** Of a cross-validation, whose predictions are of several models. Left out: one model, and each row once. */
  folds?: FoldedClasses;
  /** Which rows belong together. Left out: each stands for itself, or the folds say. */
  sampling?: Sampling | null;
}

export interface FoldedClasses {
  readonly sampling: Sampling;
  /** ln of each label's share in the training rows of the prediction's model; and whether it is the commonest there. */
  readonly nullLogs: Float64Array;
  readonly commonest: Float64Array;
}

/** The likeliest class of the row whose probabilities begin at `start`, the first of equal ones. */
const likeliest = (probabilities: Float64Array, start: number, width: number): number => {
  let best = 0;
  for (let k = 1; k < width; k++) if (probabilities[start + k]! > probabilities[start + best]!) best = k;
  return best;
};

/** Σ over classes of (probability − truth)² (Brier 1950). */
const brierScore = (probabilities: Float64Array, start: number, width: number, truth: number): number => {
  let sum = 0;
  for (let k = 0; k < width; k++) {
    const error = probabilities[start + k]! - (k === truth ? 1 : 0);
    sum += error * error;
  }
  return sum;
};

/** Of each row the answer, its probability and whether it is right, and the Brier score: of a million rows each pass is felt. */
const measureRows = ({ probabilities, classes, truths, threshold = null }: ClassAnswers) => {
  const [rows, width] = [truths.length, classes.length];
  const [predicted, right] = [new Int32Array(rows), new Uint8Array(rows)];
  const [confidences, briers] = [new Float64Array(rows), new Float64Array(rows)];
  for (let row = 0; row < rows; row++) {
    const [start, truth] = [row * width, truths[row]!];
    const answer =
      threshold === null ? likeliest(probabilities, start, width) : probabilities[start + 1]! >= threshold ? 1 : 0;
    predicted[row] = answer;
    right[row] = answer === truth ? 1 : 0;
    confidences[row] = probabilities[start + answer]!;
    briers[row] = brierScore(probabilities, start, width, truth);
  }
  return { predicted, right, confidences, briers };
};

const leastProbability = 2 ** -126;

/** Probabilities that underflowed to 0 would make one row's likelihood outweigh all others. */
export const logOf = (probability: number): number => Math.log(Math.max(probability, leastProbability));

/** Of two classes, by the probability of the second in each row. */
export const bothClasses = (seconds: ArrayLike<number>): Float64Array => {
  const probabilities = new Float64Array(2 * seconds.length);
  for (let row = 0; row < seconds.length; row++) {
    probabilities[2 * row] = 1 - seconds[row]!;
    probabilities[2 * row + 1] = seconds[row]!;
  }
  return probabilities;
};

/** The probability of each row's own class. */
export const chancesOf = (probabilities: ArrayLike<number>, truths: Int32Array, width: number): Float64Array => {
  const chances = new Float64Array(truths.length);
  for (let row = 0; row < truths.length; row++) chances[row] = probabilities[row * width + truths[row]!]!;
  return chances;
};

export const logsOf = (chances: Float64Array): Float64Array => {
  const logs = new Float64Array(chances.length);
  for (let row = 0; row < chances.length; row++) logs[row] = logOf(chances[row]!);
  return logs;
};

/** ln of each row's class's share in the training rows. */
export const nullLogsOf = (truths: Int32Array, trainCounts: readonly number[]): Float64Array => {
  const trainRows = trainCounts.reduce((sum, count) => sum + count, 0);
  const logs = trainCounts.map((count) => logOf(count / trainRows));
  return doublesOf(truths, (truth) => logs[truth]!);
};

/** Says of how many rows the likelihood is only a bound; `chances`: those of the rows' own classes. */
export const underflow = (chances: Float64Array): ReportNote[] => {
  let below = 0;
  for (let row = 0; row < chances.length; row++) if (chances[row]! < leastProbability) below += 1;
  if (below === 0) return [];
  const rows = `${below} of ${chances.length} rows had a class to which the model gave no probability that a 32-bit float can hold`;
  const message = `${rows}; each counts as 2⁻¹²⁶, so that the log-likelihood seems better than it is, and than the loss among the metrics says`;
  return [{ code: "probability_underflow", message }];
};

const countConfusion = (truths: Int32Array, predicted: Int32Array, width: number): Int32Array => {
  const counts = new Int32Array(width * width);
  for (let row = 0; row < truths.length; row++) counts[truths[row]! * width + predicted[row]!]! += 1;
  return counts;
};

const describeClasses = (
  { classes, truths }: Pick<ClassAnswers, "classes" | "truths">,
  predicted: Int32Array,
  sampling: Sampling | null,
) => {
  const [rows, answers, hits] = [0, 1, 2].map(() => new Int32Array(classes.length)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  for (let row = 0; row < truths.length; row++) {
    const truth = truths[row]!;
    rows[truth]! += 1;
    answers[predicted[row]!]! += 1;
    if (predicted[row] === truth) hits[truth]! += 1;
  }
  const share = (of: Int32Array, k: number): Estimate => {
    if (sampling === null) return estimateShare(hits[k]!, of === truths ? rows[k]! : answers[k]!);
    const picked = Array.from(of.keys()).filter((row) => of[row] === k);
    const right = picked.map((row) => (truths[row] === predicted[row] ? 1 : 0));
    return estimateHits(right, samplingOf(sampling, picked));
  };
  return classes.map((label, k) => ({
    label,
    rows: rows[k]!,
    predicted: answers[k]!,
    precision: answers[k] === 0 ? null : share(predicted, k),
    recall: rows[k] === 0 ? null : share(truths, k),
  }));
};

/** Sets of classes by split conformal prediction with the score 1 − p(truth) (Sadinle, Lei & Wasserman 2019). */
const findSets = (
  { probabilities, truths, split }: ClassAnswers,
  chances: Float64Array,
): ClassificationReport["predictionSets"] => {
  // Rows that training has seen say nothing about new ones, and scores of the folds' models nothing exact about the model of all rows.
  if (split === "train" || split === "out_of_fold") return null;
  const bound = conformalBound(
    doublesOf(chances, (chance) => 1 - chance),
    coverage,
  );
  if (bound === null) return null;
  const threshold = 1 - bound;
  let inSets = 0;
  for (let at = 0; at < probabilities.length; at++) if (probabilities[at]! >= threshold) inSets += 1;
  return { coverage, threshold, meanSize: inSets / truths.length };
};

/** Of two classes, one alone is in the rows. */
const oneClass = ({ classes, truths, split }: ClassAnswers): ReportNote[] =>
  classes.length === 2 && truths.length > 1 && truths.every((truth) => truth === truths[0])
    ? [constantLabel(split, JSON.stringify(classes[truths[0]!]), "area under the ROC")]
    : [];

/** The report of a classifier on rows with known classes; at least one row. */
export const reportClassification = (answers: ClassAnswers): ClassificationReport => {
  const { classes, probabilities, truths, trainCounts, split, distribution, folds } = answers;
  const sampling = folds?.sampling ?? answers.sampling ?? null;
  const width = classes.length;
  const { predicted, right, confidences, briers } = measureRows(answers);
  const chances = chancesOf(probabilities, truths, width);
  const logs = answers.logs ?? logsOf(chances);
  const nullLogs = folds?.nullLogs ?? nullLogsOf(truths, trainCounts);
  const weights = sampling?.weights;
  const scores = width === 2 ? doublesOf(truths, (_, row) => probabilities[row * 2 + 1]!) : null;
  const isSecond = (row: number): boolean => truths[row] === 1;
  const counts = scores && countScores(scores, isSecond, weights);
  const confusion = width <= confusionClasses ? countConfusion(truths, predicted, width) : null;
  const commonest = trainCounts.indexOf(Math.max(...trainCounts));
  return {
    task: "classification",
    split,
    rows: truths.length,
    distribution,
    logLikelihood: estimateMean(logs, { most: 0 }, sampling),
    devianceExplained: estimateExplained(logs, nullLogs, sampling),
    threshold: answers.threshold ?? null,
    accuracy: estimateHits(right, sampling),
    baselineAccuracy: folds
      ? meanOf(folds.commonest, weights)
      : meanOf(
          truths.map((truth) => (truth === commonest ? 1 : 0)),
          weights,
        ),
    brier: estimateMean(briers, { least: 0, most: 2 }, sampling),
    areaUnderRoc: scores && estimateAreaUnderRoc(scores, isSecond, sampling, counts!),
    operating: counts && describeOperating(classes[1]!, counts),
    ...calibrate(confidences, right, sampling),
    classes: describeClasses(answers, predicted, sampling),
    confusion:
      confusion && classes.map((_, truth) => Array.from(confusion.subarray(truth * width, (truth + 1) * width))),
    predictionSets: findSets(answers, chances),
    coefficients: null,
    trainingFit: null,
    solution: null,
    inference: null,
    conformal: null,
    against: null,
    crossValidation: null,
    learningCurve: null,
    explained: null,
    residualsByFeature: null,
    weights: null,
    notes: [...oneClass(answers), ...underflow(chances), ...fewRows(split, truths.length, coverage, sampling)],
  };
};
