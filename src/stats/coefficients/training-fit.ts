import type { TrainingFit } from "../../domain/models/parts/training-fit.ts";
import { meanOf, weightAt } from "../sampling.ts";
import { logGammaDensity, logNegativeBinomial } from "../values/value-measure.ts";
import { countedIn, fittedMeans, type LinearFit } from "./linear-fit.ts";

/** ln of the share of each class among the labels, summed over them by their weights. */
const nullLogOf = (labels: readonly number[], weightOf: (row: number) => number, total: number): number => {
  const counts = new Map<number, number>();
  for (const [row, label] of labels.entries()) counts.set(label, (counts.get(label) ?? 0) + weightOf(row));
  return labels.reduce((sum, label, row) => {
    const weight = weightOf(row);
    return weight === 0 ? sum : sum + weight * Math.log(counts.get(label)! / total);
  }, 0);
};

/** ln p of each training row's class; a probability that underflowed counts as the least float. */
const classLogs = (fit: LinearFit, means: Float64Array): number[] =>
  Array.from(fit.labels, (label, row) => {
    const outputs = fit.bias.length;
    const chance = outputs > 1 ? means[row * outputs + label]! : label > 0.5 ? means[row]! : 1 - means[row]!;
    return Math.log(Math.max(chance, 2 ** -126));
  });

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const logDensityOf = ({ model, theta = null }: LinearFit): ((y: number, mean: number) => number) =>
  model === "gamma"
    ? (y, mean) => logGammaDensity(y, mean, 1)
    : (y, mean) => logNegativeBinomial(y, mean, model === "negative_binomial" ? theta : null);

const logGammas = (fit: LinearFit, means: Float64Array, shape: number): number =>
  sum(Array.from(fit.labels, (label, row) => weightAt(fit, row) * logGammaDensity(label, means[row]!, shape)));

/** Log-likelihood and deviances of the training rows, in the label's units. */
export const describeTrainingFit = (fit: LinearFit): TrainingFit => {
  const means = fittedMeans(fit);
  const labels = Array.from(fit.labels);
  const { rows, total } = countedIn(fit);
  const weightOf = (row: number): number => weightAt(fit, row);
  const center = meanOf(labels, fit.weights);
  if (fit.model === "linear") {
    const { label } = fit.preprocessing;
    const scale = label.type === "number" ? label.scale : 1;
    const squares = (of: (row: number) => number): number =>
      scale ** 2 * sum(labels.map((value, row) => weightOf(row) * (value - of(row)) ** 2));
    const deviance = squares((row) => means[row]!);
    const logWeights = fit.weights === undefined ? 0 : sum([...fit.weights].map((w) => (w > 0 ? Math.log(w) : 0)));
    const logLikelihood =
      deviance > 0 ? (-rows / 2) * (Math.log((2 * Math.PI * deviance) / rows) + 1) + logWeights / 2 : null;
    return { rows, logLikelihood, deviance, nullDeviance: squares(() => center) };
  }
  if (fit.model === "poisson" || fit.model === "gamma" || fit.model === "negative_binomial") {
    // Of a Gamma the density of the shape 1, whose deviance is the one without a dispersion.
    const measure = logDensityOf(fit);
    const logOf = (rate: (row: number) => number): number =>
      sum(labels.map((label, row) => weightOf(row) * measure(label, rate(row))));
    const exposures = fit.offsets?.map(Math.exp);
    const rate = exposures === undefined ? center : center / meanOf(exposures, fit.weights);
    const none = (row: number): number => (exposures === undefined ? rate : rate * exposures[row]!);
    const [own, best] = [logOf((row) => means[row]!), logOf((row) => labels[row]!)];
    const deviance = 2 * (best - own);
    const logLikelihood = fit.model === "gamma" ? logGammas(fit, means, total / deviance) : own;
    return { rows, logLikelihood, deviance, nullDeviance: 2 * (best - logOf(none)) };
  }
  const logLikelihood = sum(classLogs(fit, means).map((log, row) => weightOf(row) * log));
  return { rows, logLikelihood, deviance: -2 * logLikelihood, nullDeviance: -2 * nullLogOf(labels, weightOf, total) };
};
