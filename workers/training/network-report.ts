import type { PreparedArrays, SplitArrays } from "../../src/data/preprocessing/prepare.ts";
import { assert } from "../../src/domain/errors.ts";
import type { Metrics } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import { hasLogLink, isOfCounts } from "../../src/domain/jobs/spec/parts/loss-spec.ts";
import { weightName } from "../../src/domain/jobs/spec/rows/row-columns.ts";
import type { LabelTransform, Preprocessing } from "../../src/domain/models/model.ts";
import type { ClassificationReport, Report, ReportNote } from "../../src/domain/models/report.ts";
import type { Answers } from "../../src/engine/train/fitting/collect-answers.ts";
import { compareWithSimpler } from "../../src/stats/against.ts";
import {
  bothClasses,
  chancesOf,
  logsOf,
  nullLogsOf,
  reportClassification,
} from "../../src/stats/classification-report.ts";
import { conformalIntervals, conformalSets } from "../../src/stats/conformal/conformal-report.ts";
import { quantileIntervals } from "../../src/stats/conformal/quantile-intervals.ts";
import type { UnitsOf } from "../../src/stats/explaining/dependence-grid.ts";
import { doublesOf, gather } from "../../src/stats/order-of.ts";
import { reportRegression } from "../../src/stats/regression-report.ts";
import { exposureNotes, noSpread, noThreshold } from "../../src/stats/report-notes.ts";
import { effectiveNumber, meanOf, type Sampling, weightedRows, withWeights } from "../../src/stats/sampling.ts";
import { reportReconstruction } from "../../src/stats/unsupervised-report.ts";
import { likelihoodOf } from "../../src/stats/values/value-likelihood.ts";
import { gammaShape, type ValueMeasure, valueMeasure } from "../../src/stats/values/value-measure.ts";
import { weightedQuantile } from "../../src/stats/values/weighted-quantile.ts";
import type { LinearBaseline } from "./exact/linear-baseline.ts";
import { type PickRows, pickedParts, pickFrom } from "./explaining/picked-rows.ts";
import { residualsOf } from "./explaining/residuals.ts";
import { countedRows, exposuresOf, weightsOf } from "./leading/counted-rows.ts";

/** Training rows whose residuals tell how wide intervals are, at most. */
export const mostSeen = 4000;

/** What a network's report is made of: the last evaluation's answers, and the data beside them. */
export interface NetworkResults {
  spec: ResolvedJobSpec;
  preprocessing: Preprocessing;
  arrays: PreparedArrays;
  answers: Omit<Answers, "outputs"> & { readonly outputs: Float32Array | Float64Array };
  metrics: Metrics;
  /** What the model says of some training rows, which the width of intervals is learnt from; null: one width for all. */
  seen: { readonly rows: Int32Array; readonly outputs: Float32Array | Float64Array } | null;
  /** From which probability on the second of two classes is the answer; null: the likelier class is. */
  threshold: number | null;
  /** What the exact linear model says of the rows that are asked about; null: there is none to compare with. */
  linear: LinearBaseline | null;
  /** Brings the inputs of rows; left out: they lie in the arrays. */
  pick?: PickRows;
  /** From inputs to the data; left out: errors are not told by features. */
  unitsOf?: UnitsOf;
  /** θ of a negative binomial; left out, or null: of others, and where counts vary no more than Poisson's. */
  theta?: number | null;
}

const labelsOf = ({ labels }: SplitArrays): NonNullable<SplitArrays["labels"]> => {
  assert(labels !== null, "classification and regression have labels");
  return labels;
};

/** The labels of the rows that were asked about. */
const truthsOf = ({ arrays, answers }: NetworkResults): Float64Array => {
  const labels = labelsOf(arrays[answers.split]);
  return gather(labels, answers.rows);
};

/** ln p of each row's class. */
export const classLogs = (probabilities: ArrayLike<number>, truths: Int32Array, width: number): Float64Array =>
  logsOf(chancesOf(probabilities, truths, width));

/** The probabilities of all classes of each row, and its class. */
export const classProbabilitiesOf = (results: NetworkResults): { probabilities: Float64Array; truths: Int32Array } => {
  const { outputs } = results.answers;
  const truths = Int32Array.from(truthsOf(results));
  return { truths, probabilities: hasOneOutput(results) ? bothClasses(outputs) : Float64Array.from(outputs) };
};

/** With two classes there may be one output, the probability of the second. */
const hasOneOutput = ({ spec }: NetworkResults): boolean => spec.loss.type === "binary_cross_entropy";

/** What a classifier says of each row, and what those say that know less. */
export const classAnswersOf = (results: NetworkResults, classes: readonly string[]) => {
  const { arrays, linear } = results;
  const { probabilities, truths } = classProbabilitiesOf(results);
  const trainCounts = new Array<number>(classes.length).fill(0);
  const trainLabels = labelsOf(arrays.train);
  const { weights } = arrays.train;
  for (let row = 0; row < trainLabels.length; row++)
    trainCounts[trainLabels[row]!]! += weights === undefined ? 1 : weights[row]!;
  return {
    ...{ probabilities, truths, trainCounts, distribution: hasOneOutput(results) ? "Bernoulli" : "categorical" },
    nullLogs: nullLogsOf(truths, trainCounts),
    linearLogs: linear && classLogs(linear.outputs, truths, classes.length),
  };
};

const isChosen = ({ spec: { task } }: NetworkResults): boolean =>
  task.type === "classification" && typeof task.threshold === "object";

const unlearntClasses = (
  classes: readonly string[],
  truths: Int32Array,
  trainCounts: readonly number[],
): ReportNote[] => {
  const rows = truths.filter((truth) => trainCounts[truth] === 0);
  if (rows.length === 0) return [];
  const named = [...new Set(rows)].slice(0, 5).map((k) => JSON.stringify(classes[k]));
  const message = `${rows.length} of the ${truths.length} rows are of a class that no training row has, such as ${named.join(", ")}, and cannot be right: split the rows otherwise, or add rows of it`;
  return [{ code: "classes_not_learnt", message }];
};

/** Rows of a split by groups are no more independent than their groups are, and weighted ones count by their weights. */
export const samplingOfSplit = (
  { training }: ResolvedJobSpec,
  { groups }: SplitArrays,
  rows: Int32Array,
  weights: Float64Array | null,
): Sampling | null => {
  if (training.split.by === undefined || groups === undefined) return weightedRows(weights);
  const own = new Map([...new Set(groups)].map((group, unit) => [group, unit]));
  return withWeights({ unitOf: rows.map((row) => own.get(groups[row]!)!), inflation: 1 }, weights);
};

const samplingOfRows = (results: NetworkResults): Sampling | null => {
  const { spec, arrays, answers } = results;
  return samplingOfSplit(spec, arrays[answers.split], answers.rows, weightsOf(results));
};

const describeWeights = (results: NetworkResults, asked: number): ClassificationReport["weights"] => {
  const column = weightName(results.spec.task);
  const weights = weightsOf(results);
  if (column === null || weights === null) return null;
  return { column, effectiveRows: effectiveNumber(weights), leftOut: asked - weights.length };
};

const classify = (results: NetworkResults, classes: readonly string[]): Report => {
  const { split } = results.answers;
  const { probabilities, truths, nullLogs, linearLogs, ...known } = classAnswersOf(results, classes);
  const { threshold } = results;
  const sampling = samplingOfRows(results);
  const logs = classLogs(probabilities, truths, classes.length);
  const report = reportClassification({ split, classes, probabilities, truths, logs, sampling, threshold, ...known });
  const compared = {
    measure: "log_likelihood" as const,
    own: logs,
    null: nullLogs,
    linear: results.linear && linearLogs && { ...results.linear, values: linearLogs },
  };
  const against = compareWithSimpler(compared, sampling);
  const conformal = split === "train" ? null : conformalSets({ classes, probabilities, truths });
  const notes = [
    ...report.notes,
    ...unlearntClasses(classes, truths, known.trainCounts),
    ...(isChosen(results) && threshold === null ? [noThreshold] : []),
  ];
  const residuals = (): Float64Array => doublesOf(truths, (truth, row) => probabilities[2 * row + 1]! - truth);
  const byFeature = classes.length === 2 ? residualsOf(results, residuals(), sampling) : null;
  return { ...report, against, conformal, residualsByFeature: byFeature, notes };
};

type NumberLabel = Extract<LabelTransform, { type: "number" }>;

/** Of which quantile a loss makes predictions; null: of a mean. */
const levelOf = (loss: ResolvedJobSpec["loss"]): number | null => {
  if (loss.type === "mean_absolute_error") return 0.5;
  return loss.type === "pinball" ? loss.quantile : null;
};

/**
 * What the model that knows nothing says of each row that was asked about: the training rows' mean, or their quantile (the median under absolute errors), of counts their rate times what the row's
 * is of.
 * @param exposures of those rows
 */
const createCenters = (
  { spec, arrays: { train } }: NetworkResults,
  label: NumberLabel,
  exposures: Float64Array | null,
): ((row: number) => number) => {
  const { weights, offsets } = train;
  const level = levelOf(spec.loss);
  if (level !== null) {
    const quantile = label.mean + label.scale * weightedQuantile(labelsOf(train), weights, level);
    return () => quantile;
  }
  const center = label.mean + label.scale * meanOf(labelsOf(train), weights);
  if (offsets === undefined || exposures === null) return () => center;
  const rate = center / meanOf(offsets.map(Math.exp), weights);
  return (row) => rate * exposures[row]!;
};

/** What a regression says of each row, and what those say that know less, in the label's units. */
export const valueAnswersOf = (results: NetworkResults, label: NumberLabel) => {
  const { spec, preprocessing, answers, arrays, linear } = results;
  const toUnits = (value: number): number => label.mean + label.scale * value;
  const truths = truthsOf(results).map(toUnits);
  const width = preprocessing.outputs;
  const exposures = exposuresOf(arrays[answers.split], answers.rows);
  const exposureAt = (row: number): number => (exposures === null ? 1 : exposures[row]!);
  const predictions = truths.map((_, row) => exposureAt(row) * toUnits(answers.outputs[row * width]!));
  const centerOf = createCenters(results, label, exposures);
  const { loss } = spec;
  const end = (at: number, outermost: (a: number, b: number) => number): Float64Array =>
    predictions.map((value, row) => outermost(value, toUnits(answers.outputs[row * width + at]!)));
  return {
    ...{ truths, predictions, toUnits, counts: isOfCounts(spec.loss), centerOf },
    quantile: loss.type === "pinball" ? { level: loss.quantile, nullOf: centerOf } : null,
    about:
      loss.type === "pinball" && loss.interval !== undefined
        ? { interval: loss.interval, lower: end(1, Math.min), upper: end(2, Math.max) }
        : null,
    likelihood: likelihoodOf(
      { loss: spec.loss, outputs: answers.outputs, metrics: results.metrics, theta: results.theta ?? null },
      label.scale,
      { predictions, truths, centerOf },
    ),
    linear: linear && truths.map((_, row) => exposureAt(row) * toUnits(linear.outputs[row]!)),
  };
};

/** What rows are measured by, of the model, of the training mean (or quantile) and of the linear model. */
export const againstOf = (
  { truths, predictions }: { truths: Float64Array; predictions: Float64Array },
  { measure, of }: ValueMeasure,
  centerOf: (row: number) => number,
  linear: (Pick<LinearBaseline, "model" | "l2" | "trainRows"> & { values: Float64Array }) | null,
  sampling: Sampling | null = null,
) => {
  const measured = (predicted: (row: number) => number): Float64Array =>
    truths.map((truth, row) => of(truth, predicted(row)));
  const rows = {
    measure,
    own: measured((row) => predictions[row]!),
    null: measured(centerOf),
    linear: linear && { ...linear, values: measured((row) => linear.values[row]!) },
  };
  return compareWithSimpler(rows, sampling);
};

/** Whose likelihood takes its spread from the training rows. */
const hasSpreadOfRows = ({ type }: ResolvedJobSpec["loss"]): boolean =>
  type === "mean_squared_error" || type === "gamma_nll";

const regress = (results: NetworkResults, label: NumberLabel): Report => {
  const { preprocessing, answers } = results;
  const own = valueAnswersOf(results, label);
  const { truths, predictions, likelihood, counts, quantile, about, toUnits, centerOf } = own;
  const width = preprocessing.outputs;
  const sampling = samplingOfRows(results);
  const known = { likelihood, counts, quantile, about, sampling };
  const measured = reportRegression({ split: answers.split, predictions, truths, ...known });
  const linear = results.linear && own.linear && { ...results.linear, values: own.linear };
  const notes = [
    ...measured.notes,
    ...(likelihood === null && hasSpreadOfRows(results.spec.loss) ? [noSpread] : []),
    ...exposureNotes(results.spec.task),
  ];
  const residuals = predictions.map((value, row) => value - truths[row]!);
  const { loss } = results.spec;
  const shape = loss.type === "gamma_nll" ? gammaShape((results.metrics.trainLoss ?? 1) - 1) : results.theta;
  const against = againstOf(own, valueMeasure(loss, shape), centerOf, linear, sampling);
  const byFeature = residualsOf(results, residuals, sampling);
  const report = { ...measured, notes, against, residualsByFeature: byFeature };
  if (answers.split === "train") return report;
  if (about !== null)
    return { ...report, conformal: quantileIntervals(about.interval, { ...about, predictions, truths }) };
  const labels = labelsOf(results.arrays.train);
  const { seen } = results;
  const seenExposures = seen && exposuresOf(results.arrays.train, seen.rows);
  const train = seen && {
    truths: Float64Array.from(seen.rows, (row) => toUnits(labels[row]!)),
    predictions: Float64Array.from(seen.rows, (_, i) => (seenExposures?.[i] ?? 1) * toUnits(seen.outputs[i * width]!)),
  };
  return { ...report, conformal: conformalIntervals({ predictions, truths, train, counts: hasLogLink(loss) }) };
};

/** Mean squared error of each row over the standardised inputs. */
export const errorsOf = ({ arrays, answers, preprocessing, pick = pickFrom(arrays) }: NetworkResults): Float64Array => {
  const width = preprocessing.inputs;
  const errors = new Float64Array(answers.rows.length);
  for (const { features, rows, first } of pickedParts(pick, answers.split, answers.rows))
    for (let i = 0; i < rows.length; i++) {
      let squares = 0;
      const [from, asked] = [rows[i]! * width, (first + i) * width];
      for (let j = 0; j < width; j++) squares += (answers.outputs[asked + j]! - features[from + j]!) ** 2;
      errors[first + i] = squares / width;
    }
  return errors;
};

export const reportNetwork = (all: NetworkResults): Report => {
  const { label } = all.preprocessing;
  const results = countedRows(all);
  const weights = describeWeights(results, all.answers.rows.length);
  if (label.type === "classes") return { ...classify(results, label.classes), weights } as Report;
  if (label.type === "number") return { ...regress(results, label), weights } as Report;
  return reportReconstruction(results.answers.split, errorsOf(results), samplingOfRows(results));
};
