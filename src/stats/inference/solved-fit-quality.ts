import { logOf } from "../classification-report.ts";
import { logPoisson } from "../regression-report.ts";
import { meanOf, weightAt } from "../sampling.ts";
import { type FitQuality, ofDispersedCounts, ofPositives, ofQuantile } from "./family-quality.ts";
import { createMeans, type SolvedFit, varianceOf } from "./solved-fit.ts";

const ofNumbers = (fit: SolvedFit): FitQuality => {
  const { labels, objective: squares, columns, weights } = fit;
  const rows = labels.length;
  // Through the origin the model that knows nothing says 0.
  const center = columns[0] === -1 ? meanOf(labels, weights) : 0;
  let [nullDeviance, logWeights] = [0, 0];
  for (let row = 0; row < rows; row++) {
    nullDeviance += weightAt(fit, row) * (labels[row]! - center) ** 2;
    if (weights !== null) logWeights += Math.log(weights[row]!);
  }
  // A fit whose residuals are rounding alone has a density without bound.
  const logLikelihood =
    squares > 2 ** -80 * nullDeviance
      ? (-rows / 2) * (Math.log((2 * Math.PI * squares) / rows) + 1) + logWeights / 2
      : null;
  return { rows, logLikelihood, deviance: squares, nullDeviance, pearson: squares };
};

const ofCounts = (fit: SolvedFit): FitQuality => {
  const { labels } = fit;
  const rows = labels.length;
  const means = createMeans(fit);
  // The model that knows nothing has one rate, of one unit.
  const exposures = fit.offsets?.map(Math.exp) ?? null;
  const center = meanOf(labels, fit.weights) / (exposures === null ? 1 : meanOf(exposures, fit.weights));
  let [own, best, none, pearson] = [0, 0, 0, 0];
  for (let row = 0; row < rows; row++) {
    const {
      means: [rate],
    } = means(row);
    const label = labels[row]!;
    const weight = weightAt(fit, row);
    own += weight * logPoisson(label, rate!);
    best += weight * logPoisson(label, label);
    none += weight * logPoisson(label, exposures === null ? center : center * exposures[row]!);
    pearson += (weight * (label - rate!) ** 2) / rate!;
  }
  return { rows, logLikelihood: own, deviance: 2 * (best - own), nullDeviance: 2 * (best - none), pearson };
};

const ofClasses = (fit: SolvedFit): FitQuality => {
  const { labels, model, preprocessing } = fit;
  const rows = labels.length;
  const means = createMeans(fit);
  const counts = new Array<number>(
    preprocessing.label.type === "classes" ? preprocessing.label.classes.length : 2,
  ).fill(0);
  let [own, pearson] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const { means: chances } = means(row);
    const label = labels[row]!;
    const weight = weightAt(fit, row);
    counts[label]! += weight;
    own += weight * logOf(model === "softmax" ? chances[label]! : label === 1 ? chances[0]! : 1 - chances[0]!);
    if (model === "logistic") pearson += (weight * (label - chances[0]!) ** 2) / varianceOf(fit, chances[0]!);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const none = counts.reduce((sum, count) => (count === 0 ? sum : sum + count * Math.log(count / total)), 0);
  return {
    ...{ rows, logLikelihood: own, deviance: -2 * own, nullDeviance: -2 * none },
    pearson: model === "logistic" ? pearson : null,
  };
};

export const describeSolvedFit = (fit: SolvedFit): FitQuality => {
  if (fit.model === "linear") return ofNumbers(fit);
  if (fit.model === "poisson") return ofCounts(fit);
  if (fit.model === "gamma") return ofPositives(fit);
  if (fit.model === "negative_binomial") return ofDispersedCounts(fit);
  return fit.model === "quantile" ? ofQuantile(fit) : ofClasses(fit);
};
