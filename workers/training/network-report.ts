import type { PreparedArrays, SplitArrays } from "../../src/data/preprocessing/prepare.ts";
import { assert } from "../../src/domain/errors.ts";
import type { Metrics } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { LabelTransform, Preprocessing } from "../../src/domain/models/model.ts";
import type { Report } from "../../src/domain/models/report.ts";
import type { Answers } from "../../src/engine/train/fitting/collect-answers.ts";
import { reportClassification } from "../../src/stats/classification-report.ts";
import { mean } from "../../src/stats/estimate.ts";
import { type Likelihood, logNormal, logPoisson, reportRegression } from "../../src/stats/regression-report.ts";
import { reportReconstruction } from "../../src/stats/unsupervised-report.ts";

/** What a network's report is made of: the last evaluation's answers, and the data beside them. */
export interface NetworkResults {
  spec: ResolvedJobSpec;
  preprocessing: Preprocessing;
  arrays: PreparedArrays;
  answers: Omit<Answers, "outputs"> & { readonly outputs: Float32Array | Float64Array };
  metrics: Metrics;
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
  return reportClassification({ split, classes, probabilities, truths, trainCounts, distribution });
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

const regress = (results: NetworkResults, label: NumberLabel): Report => {
  const { spec, preprocessing, answers } = results;
  const toUnits = (value: number): number => label.mean + label.scale * value;
  const truths = truthsOf(results).map(toUnits);
  const width = preprocessing.outputs;
  const predictions = truths.map((_, row) => toUnits(answers.outputs[row * width]!));
  const likelihood = likelihoodOf(results, label, predictions, truths);
  const counts = spec.loss.type === "poisson_nll";
  return reportRegression({ split: answers.split, predictions, truths, likelihood, counts });
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
