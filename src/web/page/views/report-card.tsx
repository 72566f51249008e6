import type {
  ClassificationReport,
  ClusteringReport,
  Estimate,
  RegressionReport,
  Report,
} from "../../../domain/models/report.ts";
import { api } from "../api.ts";
import { formatNumber, formatPercent } from "../format.ts";
import { Card, Facts } from "../parts.tsx";
import { usePoll } from "../poll.ts";

type Show = (value: number) => string;

const range = (estimate: Estimate | null, show: Show): string | null =>
  estimate === null ? null : `${show(estimate.value)} (${show(estimate.lower)} to ${show(estimate.upper)})`;

const Confusion = ({ report: { classes, confusion } }: { report: ClassificationReport }) => {
  if (confusion === null || classes.length > 20) return null;
  return (
    <div class="scroll">
      <table class="list">
        <caption class="muted small">Rows by class and by answer</caption>
        <thead>
          <tr>
            <th scope="col">Class</th>
            {classes.map(({ label }) => (
              <th key={label} scope="col" class="number">
                {label}
              </th>
            ))}
            <th scope="col" class="number">
              Precision
            </th>
            <th scope="col" class="number">
              Recall
            </th>
          </tr>
        </thead>
        <tbody>
          {classes.map(({ label, precision, recall }, row) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {confusion[row]?.map((count, column) => (
                <td key={classes[column]?.label} class="number">
                  {count}
                </td>
              ))}
              <td class="number">{precision === null ? "–" : formatPercent(precision.value)}</td>
              <td class="number">{recall === null ? "–" : formatPercent(recall.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const classificationFacts = (report: ClassificationReport) =>
  [
    ["Accuracy", range(report.accuracy, formatPercent)],
    ["Always the commonest class", formatPercent(report.baselineAccuracy)],
    ["Area under the ROC", range(report.areaUnderRoc, formatNumber)],
    ["Log-likelihood of a row", range(report.logLikelihood, formatNumber)],
    ["Deviance explained", range(report.devianceExplained, formatPercent)],
    ["Brier score", range(report.brier, formatNumber)],
    ["Calibration error", formatPercent(report.calibrationError)],
    [
      "Sets that hold the class in 90 %",
      report.predictionSets && `${formatNumber(report.predictionSets.meanSize)} classes on average`,
    ],
  ] as const;

const regressionFacts = (report: RegressionReport) =>
  [
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
    ["Rows of each", report.clusters.map(({ trainRows }) => trainRows).join(", ")],
    ...report.criteria.map(({ k, criterion, value }) => [`${criterion} of k = ${k}`, formatNumber(value)] as const),
  ] as const;

const factsOf = (report: Report): readonly (readonly [string, string | number | null])[] => {
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

/** The statistician's report of a model; nothing where it has none. */
export const ReportCard = ({ model }: { model: string }) => {
  const { value } = usePoll(
    `report ${model}`,
    (signal) => api.report(model, signal),
    () => null,
  );
  if (value === null) return null;
  return (
    <Card title="Report">
      <p class="muted">
        Measured on the {value.rows} rows of the {value.split} split, with 95 % intervals.{" "}
        <a href={`/v1/models/${model}/report`}>All of it as JSON</a>
      </p>
      <Facts facts={factsOf(value)} />
      {value.task === "classification" && <Confusion report={value} />}
    </Card>
  );
};
