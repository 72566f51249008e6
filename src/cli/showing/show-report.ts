import { pointsOfLastFit } from "../../client/last-fit.ts";
import type { MetricPoint, Report } from "../../client/types.ts";
import { counted } from "../../domain/counted.ts";
import { type Output, toShort, toSparkline, toTable } from "../output.ts";

interface Estimated {
  value: number;
  lower: number | null;
  upper: number | null;
}

const names: Readonly<Record<string, string>> = {
  accuracy: "accuracy",
  brier: "Brier score",
  areaUnderRoc: "area under ROC",
  logLikelihood: "log-likelihood, mean of a row",
  devianceExplained: "deviance explained",
  rootMeanSquaredError: "root mean squared error",
  meanAbsoluteError: "mean absolute error",
  r2: "R²",
  bias: "bias",
  meanDistance: "mean distance",
  meanSquaredError: "mean squared error",
};

const mostCoefficients = 50;

const isEstimate = (value: unknown): value is Estimated =>
  typeof value === "object" && value !== null && "value" in value && "lower" in value;

const short = (value: number | null): string => (value === null ? "–" : toShort(value));

const estimates = (report: Report): string[][] =>
  Object.entries(report).flatMap(([key, value]) =>
    isEstimate(value) ? [[names[key] ?? key, short(value.value), short(value.lower), short(value.upper)]] : [],
  );

/** A report as tables: estimates with their intervals, and what belongs to the task. */
export const showReport = ({ say }: Output, report: Report): void => {
  say(
    `Report, measured on ${counted(report.rows, "row")} of the ${report.split === "out_of_fold" ? "cross-validation" : `${report.split} split`}`,
  );
  say();
  say(toTable(["measure", "value", "lower", "upper"], estimates(report), "  "));
  if (report.task === "classification") {
    say();
    const rows = report.classes.map(({ label, rows: count, precision, recall }) => [
      label,
      String(count),
      short(precision?.value ?? null),
      short(recall?.value ?? null),
    ]);
    say(toTable(["class", "rows", "precision", "recall"], rows.slice(0, 20), "  "));
    if (rows.length > 20) say(`  and ${rows.length - 20} more classes`);
  }
  if (report.task === "clustering" || report.task === "density_estimation") {
    say();
    const rows = report.clusters.map(({ rows: count, trainRows, stability, silhouette }, i) => [
      ...[i, trainRows, count].map(String),
      ...[stability, silhouette].map((value) => (value === null ? "" : short(value))),
    ]);
    const heads = ["cluster", "training rows", "rows", "stability", "silhouette"];
    say(toTable(heads, rows.slice(0, 20), "  "));
  }
  if ("coefficients" in report && report.coefficients !== null) {
    say();
    const several = report.coefficients.some((one) => one.class !== undefined);
    const rows = report.coefficients.map(({ term, class: of, estimate, standardError, lower, upper, pValue }) => [
      ...(several ? [of ?? ""] : []),
      ...[term, short(estimate), short(standardError), short(lower), short(upper), short(pValue)],
    ]);
    const heads = ["coefficient", "estimate", "standard error", "lower", "upper", "p"];
    say(toTable([...(several ? ["class"] : []), ...heads], rows.slice(0, mostCoefficients), "  "));
    if (rows.length > mostCoefficients) say(`  and ${rows.length - mostCoefficients} more, in the model's report`);
  }
  for (const { message } of report.notes) say(`\n  Note: ${message}`);
};

const fall = (values: readonly number[]): string => {
  const [first, last] = [values[0], values.at(-1)];
  return first === undefined || last === undefined ? "" : `${toShort(first)} → ${toShort(last)}`;
};

/** The losses over the epochs, one curve a line; of several fits those of the last. */
export const showCurves = ({ say }: Output, all: readonly MetricPoint[]): void => {
  const points = pointsOfLastFit(all);
  const curves: [string, number[]][] = [
    ["training loss", points.map(({ trainLoss }) => trainLoss)],
    ["validation loss", points.flatMap(({ metrics }) => metrics.validationLoss ?? [])],
  ];
  for (const [name, values] of curves)
    if (values.length > 1) say(`  ${name.padEnd(16)} ${toSparkline(values)}  ${fall(values)}`);
};
