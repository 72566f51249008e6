import type { TrainingFit } from "../../domain/models/report.ts";
import { logOf } from "../classification-report.ts";
import { mean } from "../estimate.ts";
import { logPoisson } from "../regression-report.ts";
import { createMeans, type SolvedFit, varianceOf } from "./solved-fit.ts";

/** How well a solved model fits its rows, and Pearson's χ². */
export interface FitQuality extends TrainingFit {
  /** Σ (y − μ)²/V(μ); null for softmax. */
  pearson: number | null;
}

const ofNumbers = ({ labels, squares, columns }: SolvedFit): FitQuality => {
  const rows = labels.length;
  // Through the origin the model that knows nothing says 0.
  const center = columns[0] === -1 ? mean(labels) : 0;
  let nullDeviance = 0;
  for (let row = 0; row < rows; row++) nullDeviance += (labels[row]! - center) ** 2;
  // A fit whose residuals are rounding alone has a density without bound.
  const logLikelihood =
    squares > 2 ** -80 * nullDeviance ? (-rows / 2) * (Math.log((2 * Math.PI * squares) / rows) + 1) : null;
  return { rows, logLikelihood, deviance: squares, nullDeviance, pearson: squares };
};

const ofCounts = (fit: SolvedFit): FitQuality => {
  const { labels } = fit;
  const rows = labels.length;
  const means = createMeans(fit);
  const center = mean(labels);
  let [own, best, none, pearson] = [0, 0, 0, 0];
  for (let row = 0; row < rows; row++) {
    const {
      means: [rate],
    } = means(row);
    const label = labels[row]!;
    own += logPoisson(label, rate!);
    best += logPoisson(label, label);
    none += logPoisson(label, center);
    pearson += (label - rate!) ** 2 / rate!;
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
    counts[label]! += 1;
    own += logOf(model === "softmax" ? chances[label]! : label === 1 ? chances[0]! : 1 - chances[0]!);
    if (model === "logistic") pearson += (label - chances[0]!) ** 2 / varianceOf(model, chances[0]!);
  }
  const none = counts.reduce((sum, count) => (count === 0 ? sum : sum + count * Math.log(count / rows)), 0);
  return {
    ...{ rows, logLikelihood: own, deviance: -2 * own, nullDeviance: -2 * none },
    pearson: model === "logistic" ? pearson : null,
  };
};

export const describeSolvedFit = (fit: SolvedFit): FitQuality =>
  fit.model === "linear" ? ofNumbers(fit) : fit.model === "poisson" ? ofCounts(fit) : ofClasses(fit);
