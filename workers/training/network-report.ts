import type { PreparedArrays, SplitArrays } from "../../src/data/preprocessing/prepare.ts";
import { assert } from "../../src/domain/errors.ts";
import type { Metrics } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { LabelTransform, Preprocessing } from "../../src/domain/models/model.ts";
import type { Report } from "../../src/domain/models/report.ts";
import type { Answers } from "../../src/engine/train/fitting/collect-answers.ts";
import { compareWithSimpler } from "../../src/stats/against.ts";
import { logOf, reportClassification } from "../../src/stats/classification-report.ts";
import { conformalIntervals, conformalSets } from "../../src/stats/conformal/conformal-report.ts";
import { mean } from "../../src/stats/estimate.ts";
import { type Likelihood, logNormal, logPoisson, reportRegression } from "../../src/stats/regression-report.ts";
import { reportReconstruction } from "../../src/stats/unsupervised-report.ts";
import type { LinearBaseline } from "./exact/linear-baseline.ts";

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
  /** What the exact linear model says of the rows that are asked about; null: there is none to compare with. */
  linear: LinearBaseline | null;
}

const labelsOf = ({ labels }: SplitArrays): NonNullable<SplitArrays["labels"]> => {
  assert(labels !== null, "classification and regression have labels");
  return labels;
};

/** The labels of the rows that were asked about. */
const truthsOf = ({ arrays, answers }: NetworkResults): Float64Array => {
  const labels = labelsOf(arrays[answers.split]);
  return Float64Array.from(answers.rows, (row) => labels[row]!);
};

/** ln p of each row's class. */
const classLogs = (probabilities: ArrayLike<number>, truths: Int32Array, width: number): Float64Array =>
  Float64Array.from(truths, (truth, row) => logOf(probabilities[row * width + truth]!));

const classify = (results: NetworkResults, classes: readonly string[]): Report => {
  const { spec, arrays, answers } = results;
  const { split, outputs } = answers;
  const truths = Int32Array.from(truthsOf(results));
  // With two classes there may be one output, the probability of the second.
  const single = spec.loss.type === "binary_cross_entropy";
  const probabilities = single
    ? Float64Array.from({ length: 2 * outputs.length }, (_, at) =>
        at % 2 === 1 ? outputs[at >> 1]! : 1 - outputs[at >> 1]!,
      )
    : Float64Array.from(outputs);
  const trainCounts = new Array<number>(classes.length).fill(0);
  for (const label of labelsOf(arrays.train)) trainCounts[label]! += 1;
  const distribution = single ? "Bernoulli" : "categorical";
  const report = reportClassification({ split, classes, probabilities, truths, trainCounts, distribution });
  const against = compareWithSimpler({
    measure: "log_likelihood",
    own: classLogs(probabilities, truths, classes.length),
    null: Float64Array.from(truths, (truth) => logOf(trainCounts[truth]! / labelsOf(arrays.train).length)),
    linear: results.linear && { ...results.linear, values: classLogs(results.linear.outputs, truths, classes.length) },
  });
  const conformal = split === "train" ? null : conformalSets({ classes, probabilities, truths });
  return { ...report, against, conformal };
};

type NumberLabel = Extract<LabelTransform, { type: "number" }>;

/** The distribution whose negative log-likelihood the loss is. Its spread, where the model has none, is the training split's. */
const likelihoodOf = (
  { spec, arrays, answers, metrics }: NetworkResults,
  label: NumberLabel,
  predictions: Float64Array,
  truths: Float64Array,
): Likelihood | null => {
  const train = labelsOf(arrays.train);
  const center = label.mean + label.scale * mean(train);
  switch (spec.loss.type) {
    case "poisson_nll":
      return {
        distribution: "Poisson",
        logOf: (row) => logPoisson(truths[row]!, predictions[row]!),
        deviance: {
          nullLogOf: (row) => logPoisson(truths[row]!, center),
          saturatedLogOf: (row) => logPoisson(truths[row]!, truths[row]!),
        },
      };
    case "gaussian_nll": {
      const variances = predictions.map((_, row) => Math.exp(answers.outputs[2 * row + 1]!) * label.scale ** 2);
      return {
        distribution: "normal, its variance a second output",
        logOf: (row) => logNormal(truths[row]!, predictions[row]!, variances[row]!),
        deviance: null,
      };
    }
    case "mean_squared_error": {
      const variance = metrics.trainMeanSquaredError ?? 0;
      // A model that fits the training rows without any error has no spread to offer.
      if (variance === 0) return null;
      return {
        distribution: "normal, of the training residuals' variance",
        logOf: (row) => logNormal(truths[row]!, predictions[row]!, variance),
        deviance: null,
      };
    }
    default:
      return null;
  }
};

/** Squared errors, or for counts ln p, of the model, of the training mean and of the linear model. */
const againstOf = (
  { spec, arrays, linear }: NetworkResults,
  toUnits: (value: number) => number,
  predictions: Float64Array,
  truths: Float64Array,
) => {
  const counts = spec.loss.type === "poisson_nll";
  const center = toUnits(mean(labelsOf(arrays.train)));
  const measured = (predicted: (row: number) => number): Float64Array =>
    truths.map((truth, row) => (counts ? logPoisson(truth, predicted(row)) : -((truth - predicted(row)) ** 2)));
  return compareWithSimpler({
    measure: counts ? "log_likelihood" : "squared_error",
    own: measured((row) => predictions[row]!),
    null: measured(() => center),
    linear: linear && { ...linear, values: measured((row) => toUnits(linear.outputs[row]!)) },
  });
};

const regress = (results: NetworkResults, label: NumberLabel): Report => {
  const { spec, preprocessing, answers } = results;
  const toUnits = (value: number): number => label.mean + label.scale * value;
  const truths = truthsOf(results).map(toUnits);
  const width = preprocessing.outputs;
  const predictions = truths.map((_, row) => toUnits(answers.outputs[row * width]!));
  const likelihood = likelihoodOf(results, label, predictions, truths);
  const counts = spec.loss.type === "poisson_nll";
  const measured = reportRegression({ split: answers.split, predictions, truths, likelihood, counts });
  const report = { ...measured, against: againstOf(results, toUnits, predictions, truths) };
  if (answers.split === "train") return report;
  const labels = labelsOf(results.arrays.train);
  const train = results.seen && {
    truths: Float64Array.from(results.seen.rows, (row) => toUnits(labels[row]!)),
    predictions: Float64Array.from(results.seen.rows, (_, i) => toUnits(results.seen!.outputs[i * width]!)),
  };
  return { ...report, conformal: conformalIntervals({ predictions, truths, train, counts }) };
};

const reconstruct = ({ arrays, answers, preprocessing }: NetworkResults): Report => {
  const { features } = arrays[answers.split];
  const width = preprocessing.inputs;
  const errors = Float64Array.from(answers.rows, (row, i) => {
    let squares = 0;
    for (let j = 0; j < width; j++) squares += (answers.outputs[i * width + j]! - features[row * width + j]!) ** 2;
    return squares / width;
  });
  return reportReconstruction(answers.split, errors);
};

export const reportNetwork = (results: NetworkResults): Report => {
  const { label } = results.preprocessing;
  if (label.type === "classes") return classify(results, label.classes);
  if (label.type === "number") return regress(results, label);
  return reconstruct(results);
};
