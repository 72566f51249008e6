import type { Estimate } from "../../../domain/models/estimate.ts";
import type {
  ClassificationReport,
  ClusteringReport,
  RegressionReport,
  Report,
} from "../../../domain/models/report.ts";
import { formatNumber, formatPercent } from "../format.ts";

type Show = (value: number) => string;

const range = (estimate: Estimate | null, show: Show): string | null => {
  if (estimate === null) return null;
  const { value, lower, upper } = estimate;
  return lower === null || upper === null ? show(value) : `${show(value)} (${show(lower)} to ${show(upper)})`;
};

const classificationFacts = (report: ClassificationReport) =>
  [
    [
      "Weighted by",
      report.weights && `${report.weights.column}, effective n ${formatNumber(report.weights.effectiveRows)}`,
    ],
    ["Accuracy", range(report.accuracy, formatPercent)],
    ["Always the commonest class", formatPercent(report.baselineAccuracy)],
    ["Area under the ROC", range(report.areaUnderRoc, formatNumber)],
    ["Log-likelihood of a row", range(report.logLikelihood, formatNumber)],
    ["Deviance explained", range(report.devianceExplained, formatPercent)],
    ["Brier score", range(report.brier, formatNumber)],
    [
      "Calibration error",
      `${formatPercent(report.calibrationError)}${report.calibrationErrorByChance === null ? "" : `, by chance alone ${formatPercent(report.calibrationErrorByChance)}`}`,
    ],
    [
      "Sets that hold the class in 90 %",
      report.predictionSets && `${formatNumber(report.predictionSets.meanSize)} classes on average`,
    ],
  ] as const;

const regressionFacts = (report: RegressionReport) =>
  [
    [
      "Weighted by",
      report.weights && `${report.weights.column}, effective n ${formatNumber(report.weights.effectiveRows)}`,
    ],
    ["R²", range(report.r2, formatNumber)],
    ["Root mean squared error", range(report.rootMeanSquaredError, formatNumber)],
    ["Mean absolute error", range(report.meanAbsoluteError, formatNumber)],
    ["Bias", range(report.bias, formatNumber)],
    ["Log-likelihood of a row", range(report.logLikelihood, formatNumber)],
    ["Deviance explained", range(report.devianceExplained, formatPercent)],
    ["Dispersion", report.dispersion && formatNumber(report.dispersion)],
    [
      "Holds the next value in 90 %",
      report.predictionInterval && `prediction ± ${formatNumber(report.predictionInterval.halfWidth)}`,
    ],
  ] as const;

const clusteringFacts = (report: ClusteringReport) =>
  [
    ["Clusters", String(report.k)],
    ["Log-likelihood of a row", range(report.logLikelihood, formatNumber)],
    ["Distance from the centroid", range(report.meanDistance, formatNumber)],
    ["Rows of each", report.clusters.map(({ rows }) => rows).join(", ")],
    [
      "Training rows of each",
      report.split === "train" ? null : report.clusters.map(({ trainRows }) => trainRows).join(", "),
    ],
    ...report.criteria.map(
      ({ k, criterion, value }) => [`${criterion} of k = ${k}, training rows`, formatNumber(value)] as const,
    ),
  ] as const;

/** What the card of a report lists, in its order; null: there is none. */
export const factsOf = (report: Report): readonly (readonly [string, string | number | null])[] => {
  switch (report.task) {
    case "classification":
      return classificationFacts(report);
    case "regression":
      return regressionFacts(report);
    case "reconstruction":
      return [["Mean squared error", range(report.meanSquaredError, formatNumber)]];
    default:
      return clusteringFacts(report);
  }
};
